"""The order of the data: which rows a step reads, a function of key and step alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from aejax import keys
from aejax.errors import ConfigError
from aejax.train.shuffle import permuted, round_keys
from aejax.types import Array, Autoencoder, PyTree


def steps_per_epoch(n: int, batch_size: int) -> int:
    """Returns the number of whole batches in an epoch.

    Raises:
      ConfigError: the batch is larger than the data.
    """
    if batch_size > n:
        raise ConfigError(
            f"batch_size={batch_size} is larger than the data. Allowed: 1 to {n} (the examples)."
        )
    return n // batch_size


def check_batch(model: Autoencoder, n: int, batch_size: int) -> None:
    """Raises ConfigError for a batch larger than the data, or too small for the model's terms."""
    steps_per_epoch(n, batch_size)
    least = model.info.least_rows
    if batch_size < least:
        raise ConfigError(
            f"batch_size={batch_size} is too small for model {model.info.name!r}, whose loss is of "
            f"pairs of examples. Allowed: {least} to {n}."
        )


def batch_indices(key: Array, start: Array, length: int, n: int, batch_size: int) -> Array:
    """Returns the rows [length, B] of steps start..start+length-1.

    Epoch e visits the data in a permutation drawn from `at(key, "data", e)`; rows that do not fill
    a last batch are left out. A pure function of key and step: a resumed run needs no other state.
    """
    per_epoch = steps_per_epoch(n, batch_size)
    step = start + jnp.arange(length)
    words = jax.vmap(lambda epoch: round_keys(keys.at(key, "data", epoch)))(step // per_epoch)
    place = (step % per_epoch)[:, None] * batch_size + jnp.arange(batch_size)[None, :]
    return permuted(place, words, n)


class Batches(NamedTuple):
    """The rows of some steps, where a program is given these in place of the table.

    Attributes:
      keys: raw keys whose orders of the data these are, [S, ...].
      rows: [S, L, B, *shape], of L steps each.
    """

    keys: Any
    rows: PyTree


def batches_of(
    table: PyTree, key: Array, start: Array, length: int, batch_size: int
) -> tuple[Array, Callable[[Array], PyTree]]:
    """Returns what a scan over steps goes over [length, ...], and what gives one step's rows of it.

    Args:
      table: rows [N, *shape], or `Batches` of the steps from `start` on.
      key: of the member.
      start: its first step.
      length: steps.
      batch_size: rows a step.
    """
    if not isinstance(table, Batches):
        rows = batch_indices(key, start, length, table.shape[0], batch_size)
        return rows, lambda indices: table[indices]
    own = (table.keys == jax.random.key_data(key)[None]).all(-1)
    order = jnp.argmax(own)
    return jnp.arange(length), lambda i: jax.tree.map(lambda leaf: leaf[order, i], table.rows)
