"""Many steps in one program: a scan over a chunk of steps, with the data resident on the device."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp

from aejax import keys
from aejax.data.scaling import to_float
from aejax.errors import ConfigError
from aejax.train.population.devices import split_rows, whole
from aejax.train.shuffle import permuted, round_keys
from aejax.train.step import Record
from aejax.types import Array, Autoencoder, Hparams, TrainState


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


def make_chunk(
    step: Callable[[TrainState, Hparams, Array], tuple[TrainState, Record]],
    *,
    length: int,
    points: int,
    n: int,
    batch_size: int,
) -> Callable[[TrainState, Hparams, Array], tuple[TrainState, Record]]:
    """Returns `chunk(state, hp, table) -> (state, records)`: `length` steps as one scan.

    Args:
      step: see train/step.py.
      length: steps in the chunk.
      points: how many means of equal windows the records keep; divides `length`.
      n: rows of the table.
      batch_size: rows a step.
    """
    assert length % points == 0, (length, points)

    def chunk(state: TrainState, hp: Hparams, table: Array) -> tuple[TrainState, Record]:
        rows = batch_indices(state.key, state.step, length, n, batch_size)

        def one(state: TrainState, indices: Array) -> tuple[TrainState, Record]:
            state, record = step(state, hp, split_rows(to_float(table[indices])))
            return whole(state), record

        state, records = jax.lax.scan(one, state, rows)
        return state, jax.tree.map(lambda r: r.reshape(points, -1).mean(1), records)

    return chunk
