"""Sums and means over a data set, exact for any number of rows.

The rows that fill no whole batch are a second, smaller batch of their own static shape inside the
same program: nothing is padded, so nothing has to be masked, and a term that couples the examples
of a batch never sees an invented row.
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp

from aejax.data.scaling import to_float
from aejax.types import Array, PyTree

PerExample = Callable[[Array, Array], dict[str, Array]]  # (x [B, *shape], key) -> {name: [B]}
PerBatch = Callable[[Array, Array], PyTree]  # (x [B, *shape], key) -> sums over the batch's rows


def _by_batch(
    fn: Callable[[Array, Array], PyTree], table: Array, key: Array, batch_size: int
) -> tuple[PyTree, PyTree | None]:
    """Returns what `fn` gives of the whole batches, stacked, and of the rows left over, if any."""
    n = table.shape[0]
    size = min(batch_size, n)
    whole = n // size

    def of(x: Array, i: Array) -> PyTree:
        return fn(to_float(x), jax.random.fold_in(key, i))

    batches = table[: whole * size].reshape(whole, size, *table.shape[1:])
    parts = jax.lax.map(lambda batch: of(*batch), (batches, jnp.arange(whole)))
    rest = of(table[whole * size :], jnp.int32(whole)) if n > whole * size else None
    return parts, rest


def total_over(fn: PerBatch, table: Array, key: Array, batch_size: int) -> PyTree:
    """Returns the sum over all rows of a table of what `fn` sums over a batch's.

    Args:
      fn: sums over a batch, such as counts.
      table: [N, *shape], uint8 or float.
      key: each batch draws from `fold_in(key, batch number)`.
      batch_size: rows at a time.
    """
    parts, rest = _by_batch(fn, table, key, batch_size)
    sums = jax.tree.map(lambda part: part.sum(0), parts)
    return sums if rest is None else jax.tree.map(jnp.add, sums, rest)


def mean_over(fn: PerExample, table: Array, key: Array, batch_size: int) -> dict[str, Array]:
    """Returns the mean of each of `fn`'s values over all rows of a table.

    Args:
      fn: values per example.
      table, key, batch_size: as in `total_over`.
    """

    def sums(x: Array, key: Array) -> dict[str, Array]:
        return {name: value.sum() for name, value in fn(x, key).items()}

    totals = total_over(sums, table, key, batch_size)
    return {name: value / table.shape[0] for name, value in totals.items()}


def rows_over(
    fn: Callable[[Array, Array], PyTree], table: Array, key: Array, batch_size: int
) -> PyTree:
    """Returns what `fn` gives of each row of a table, in the rows' order: [N, ...].

    Args:
      fn: (x [B, *shape], key) -> arrays [B, ...], example by example.
      table, key, batch_size: as in `total_over`.
    """
    parts, rest = _by_batch(fn, table, key, batch_size)
    found = jax.tree.map(lambda part: part.reshape(-1, *part.shape[2:]), parts)
    if rest is None:
        return found
    return jax.tree.map(lambda a, b: jnp.concatenate([a, b]), found, rest)
