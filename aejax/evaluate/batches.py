"""Means over a data set, exact for any number of rows.

The rows that fill no whole batch are a second, smaller batch of their own static shape inside the
same program: nothing is padded, so nothing has to be masked, and a term that couples the examples
of a batch never sees an invented row.
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp

from aejax.train.loop import to_float
from aejax.types import Array

PerExample = Callable[[Array, Array], dict[str, Array]]  # (x [B, *shape], key) -> {name: [B]}


def mean_over(fn: PerExample, table: Array, key: Array, batch_size: int) -> dict[str, Array]:
    """Returns the mean of each of `fn`'s values over all rows of a table.

    Args:
      fn: values per example.
      table: [N, *shape], uint8 or float.
      key: each batch draws from `fold_in(key, batch number)`.
      batch_size: rows at a time.
    """
    n = table.shape[0]
    size = min(batch_size, n)
    whole = n // size

    def total(x: Array, i: Array) -> dict[str, Array]:
        return {k: v.sum() for k, v in fn(to_float(x), jax.random.fold_in(key, i)).items()}

    batches = table[: whole * size].reshape(whole, size, *table.shape[1:])
    sums = jax.lax.map(lambda batch: total(*batch), (batches, jnp.arange(whole)))
    sums = {name: value.sum() for name, value in sums.items()}
    if n > whole * size:
        rest = total(table[whole * size :], jnp.int32(whole))
        sums = {name: value + rest[name] for name, value in sums.items()}
    return {name: value / n for name, value in sums.items()}
