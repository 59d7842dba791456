"""Many steps in one program: a scan over a chunk of steps."""

from __future__ import annotations

from collections.abc import Callable

import jax

from aejax.data.scaling import to_float
from aejax.train.order import batches_of
from aejax.train.population.devices import split_rows, whole
from aejax.train.step import Record
from aejax.types import Array, Hparams, PyTree, TrainState


def make_chunk(
    step: Callable[[TrainState, Hparams, Array], tuple[TrainState, Record]],
    *,
    length: int,
    points: int,
    batch_size: int,
) -> Callable[[TrainState, Hparams, PyTree], tuple[TrainState, Record]]:
    """Returns `chunk(state, hp, table) -> (state, records)`: `length` steps as one scan.

    The table is rows [N, *shape], or `Batches` of these steps.

    Args:
      step: see train/step.py.
      length: steps in the chunk.
      points: how many means of equal windows the records keep; divides `length`.
      batch_size: rows a step.
    """
    assert length % points == 0, (length, points)

    def chunk(state: TrainState, hp: Hparams, table: PyTree) -> tuple[TrainState, Record]:
        steps, rows_of = batches_of(table, state.key, state.step, length, batch_size)

        def one(state: TrainState, at: Array) -> tuple[TrainState, Record]:
            state, record = step(state, hp, split_rows(to_float(rows_of(at))))
            return whole(state), record

        state, records = jax.lax.scan(one, state, steps)
        return state, jax.tree.map(lambda r: r.reshape(points, -1).mean(1), records)

    return chunk
