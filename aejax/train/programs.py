"""The compiled programs of a population's training, all made before its first step."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from aejax.train import compile as compiler
from aejax.train import population
from aejax.train.calibrate import choose
from aejax.train.job import Cost, Job, Parts, cost, one_of, parts_of
from aejax.train.loop import make_chunk
from aejax.train.segments import Segment, segments
from aejax.train.step import Record, finite_params, guarded
from aejax.types import Array, Autoencoder, PyTree, stages_of

# A member's function ({"state", "hp"}, table) -> {name: scalar}, of a model.
Measure = Callable[[Autoencoder], population.Member]


def abstract(tree: PyTree) -> PyTree:
    """Returns the shapes of a tree."""
    return jax.eval_shape(lambda t: t, tree)


def seen(members: PyTree) -> PyTree:
    """Returns what an evaluation reads: the optimiser's state is of another kind in every stage."""
    return {"state": members["state"]._replace(opt_state=()), "hp": members["hp"]}


class Programs:
    """The compiled programs of a job, all made before the first step."""

    def __init__(
        self,
        job: Job,
        table: Array,
        valid: Array | None,
        cut: list[Segment],
        executor: str,
        chunk: int,
        measure: Measure | None,
        parts: Parts,
    ):
        self.seconds = 0.0
        self.peak_bytes = 0  # of the program that takes the most
        self.late = 0  # programs made after the first step
        self._chunks: dict[tuple[int, int], compiler.Program] = {}
        self._careful: dict[tuple[int, int], Callable[[], compiler.Program]] = {}
        self.enter: list[compiler.Program] = []
        self.entered: list[PyTree] = []  # abstract member trees of each stage
        self.curves: dict[str, None] = {}  # names of what the stages record, in order
        self.valid: list[compiler.Program] = []  # of each stage; empty without validation rows
        stages, recipe = stages_of(job.model), job.recipe
        stacked = partial(population.stacked_shapes, members=population.size(job.seeds))

        def execute(fn: population.Member, members: PyTree, shared: PyTree, donate: bool = False):
            program = population.execute(executor, fn, members, shared, chunk=chunk, donate=donate)
            self.seconds += program.seconds
            self.peak_bytes = max(self.peak_bytes, program.peak_bytes)
            return program

        self.init = execute(lambda seed, _: parts.init(seed), job.seeds, ())
        hp = abstract(job.hp)
        members = {"state": stacked(parts.drawn), "hp": hp}
        before: PyTree = None
        for i, stage in enumerate(stages):

            def enter(m: PyTree, _: PyTree, begin=parts.enter[i]) -> PyTree:
                return {"state": begin(m["state"], m["hp"]), "hp": m["hp"]}

            self.enter.append(execute(enter, members, ()))
            members = {"state": stacked(parts.entered[i]), "hp": hp}
            self.entered.append(members)
            if valid is not None and measure is not None:
                now = seen(members)  # stages that agree in their variables share one program
                shared = self.valid[-1] if self.valid and now == before else None
                self.valid.append(shared or execute(measure(job.model), now, valid))
                before = now
            step = parts.steps[i]
            if stage.loss is not job.model.loss:  # it may have terms of its own
                record = jax.eval_shape(step, parts.entered[i], one_of(hp), parts.x)[1]
                self.curves |= dict.fromkeys(record)
            for segment in cut:
                if segment.stage != i or (i, segment.length) in self._chunks:
                    continue

                def run(m: PyTree, table: Array, step=step, segment=segment, stage=stage) -> PyTree:
                    chunk = make_chunk(
                        step,
                        length=segment.length,
                        points=segment.points,
                        n=table.shape[0],
                        batch_size=recipe.batch_size,
                    )
                    state, records = chunk(m["state"], m["hp"], table)
                    sound = jnp.isfinite(jnp.stack([r.sum() for r in records.values()])).all()
                    sound &= finite_params(state, stage.trainable)
                    return {"state": state, "hp": m["hp"]}, records, sound

                def careful(run=run, step=step, stage=stage, members=members) -> compiler.Program:
                    self.late += 1
                    looking = guarded(step, job.model, stage)
                    return execute(partial(run, step=looking), members, table, donate=True)

                self._chunks[i, segment.length] = execute(run, members, table)
                self._careful[i, segment.length] = cache(careful)

    def chunk(self, segment: Segment, members: PyTree, table: Array) -> tuple[PyTree, Record]:
        """Runs a chunk of steps.

        First by steps that do not look at what they keep, a fifth faster where the update is a
        large part of the work. Where something came out that is not finite, the chunk is run again
        from where it began by steps that look, and so is every later one.
        """
        at = segment.stage, segment.length
        if bool((np.asarray(members["state"].health.step) < 0).all()):
            after, records, sound = self._chunks[at].call(members, table)
            if np.asarray(sound).all():
                return after, records
        after, records, _ = self._careful[at]().call(members, table)
        return after, records


class Prepared(NamedTuple):
    """A job's compiled programs and its data where they read it; good for any number of runs."""

    cost: Cost
    executor: str
    chunk: int
    programs: Programs
    rows: Array
    held_out: Array | None


def prepare(
    job: Job,
    table: np.ndarray | Array,
    valid: np.ndarray | Array | None = None,
    measure: Measure | None = None,
    choice: tuple[str, int] | None = None,
) -> Prepared:
    """Compiles all that a job's training runs.

    Args:
      job, table, valid, measure: as in `train`.
      choice: executor and chunk; None: as `calibrate.choose` has it.

    Raises:
      ConfigError: the batch is larger than the data, or the memory budget too small.
    """
    parts = parts_of(job, table)
    one = cost(job, table, parts)
    executor, chunk = choice or choose(job, table, one, parts)
    place = partial(population.place, members=population.size(job.seeds), executor=executor)
    rows = place(table, shared=True)
    held_out = None if valid is None else place(valid, shared=True)
    cut = segments(stages_of(job.model), job.recipe.steps, job.every)
    programs = Programs(job, rows, held_out, cut, executor, chunk, measure, parts)
    return Prepared(one, executor, chunk, programs, rows, held_out)
