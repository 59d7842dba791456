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
    """Returns what `fn` gives of the whole batches, stacked, and of the rows left over, if any.

    A single row left over goes with the last whole batch: alone it has no pairs, and what couples
    the examples of a batch (a discrepancy, a covariance) is not defined of it.
    """
    n = table.shape[0]
    size = min(batch_size, n)
    whole = n // size
    if n == whole * size + 1:
        whole -= 1

    def of(x: Array, i: Array) -> PyTree:
        return fn(to_float(x), jax.random.fold_in(key, i))

    if whole == 0:
        return jax.tree.map(lambda part: part[None], of(table, jnp.int32(0))), None
    cut = lambda leaf: leaf[: whole * size].reshape(whole, size, *leaf.shape[1:])
    batches = jax.tree.map(cut, table)
    parts = jax.lax.map(lambda batch: of(*batch), (batches, jnp.arange(whole)))
    rest = of(table[whole * size :], jnp.int32(whole)) if n > whole * size else None
    return parts, rest


def parts_over(fn: PerBatch, table: Array, key: Array, batch_size: int) -> PyTree:
    """Returns what `fn` gives of each batch of a table, stacked: [batches, ...].

    Args:
      fn: what is known of a batch, such as counts.
      table: [N, *shape], uint8 or float.
      key: each batch draws from `fold_in(key, batch number)`.
      batch_size: rows at a time; one batch may be smaller, or one row larger.
    """
    parts, rest = _by_batch(fn, table, key, batch_size)
    if rest is None:
        return parts
    return jax.tree.map(lambda a, b: jnp.concatenate([a, b[None]]), parts, rest)


def total_over(fn: PerBatch, table: Array, key: Array, batch_size: int) -> PyTree:
    """Returns the sum over all rows of a table of what `fn` sums over a batch's.

    Args:
      fn: sums over a batch, such as counts.
      table, key, batch_size: as in `parts_over`.
    """
    parts, rest = _by_batch(fn, table, key, batch_size)
    sums = jax.tree.map(lambda part: part.sum(0), parts)
    return sums if rest is None else jax.tree.map(jnp.add, sums, rest)


def moments_of(x: Array) -> PyTree:
    """Returns rows, mean and sum of squares about the mean of a batch [B, ...], by feature."""
    mean = jnp.mean(x, axis=0)
    squares = jnp.sum(jnp.square(x - mean[None]), axis=0)
    return {"rows": jnp.float32(x.shape[0]), "mean": mean, "squares": squares}


def variance_of(parts: PyTree) -> Array:
    """Returns the variance (over N) of a set whose batches' `moments_of` are stacked [K, ...].

    Chan, Golub & LeVeque 1979: squares about the batches' means, and of those about the set's. The
    mean square less the squared mean is the same number, and loses its digits where the mean is
    large beside the spread.
    """
    rows = parts["rows"].reshape(-1, *[1] * (parts["mean"].ndim - 1))
    first = parts["mean"][0]  # means are averaged as differences, which are small
    centre = jnp.sum(rows * (parts["mean"] - first[None]), axis=0) / jnp.sum(rows)
    between = rows * jnp.square(parts["mean"] - first[None] - centre[None])
    return (jnp.sum(parts["squares"], axis=0) + jnp.sum(between, axis=0)) / jnp.sum(rows)


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
