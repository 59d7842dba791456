"""The compiled programs of a plan: a table by stage and chunk length, made before the first step.

A program is the population's form of a member's function `(member, shared) -> tree`; a member is
{"state": TrainState, "hp": scalars}.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from aejax.train.compile import Program
from aejax.train.feed import FeedSpec
from aejax.train.loop import make_chunk
from aejax.train.plan import Plan, PlannedStage, Segment
from aejax.train.population.executors import execute
from aejax.train.population.stacked import MemberFn
from aejax.train.step import Record
from aejax.types import Array, Autoencoder, Hparams, PyTree

# A member's function (member, table) -> {name: scalar}, of a model.
Measure = Callable[[Autoencoder], MemberFn]
Shape = jax.ShapeDtypeStruct


def init_program(plan: Plan) -> MemberFn:
    """A member's state before the first stage, from its seed."""
    return lambda seed, _: plan.init(seed)


def enter_program(planned: PlannedStage) -> MemberFn:
    """A member at the first step of a stage."""

    def enter(m: PyTree, _: PyTree) -> PyTree:
        return {"state": planned.enter(m["state"], m["hp"]), "hp": m["hp"]}

    return enter


def chunk_program(
    plan: Plan, stage: int, length: int, points: int, *, guard: bool = False
) -> MemberFn:
    """A member after a chunk of steps, its records, and whether all of that is finite.

    Args:
      plan: the run's.
      stage, length, points: as in `Segment`.
      guard: take steps that reject non-finite updates.
    """
    planned = plan.stages[stage]
    step = planned.guarded if guard else planned.step

    chunk = make_chunk(step, length=length, points=points, batch_size=plan.recipe.batch_size)

    def run(m: PyTree, table: PyTree) -> tuple[PyTree, Record, Array]:
        state, records = chunk(m["state"], m["hp"], table)
        finite = jnp.isfinite(jnp.stack([r.sum() for r in records.values()])).all()
        finite &= planned.finite(state)
        return {"state": state, "hp": m["hp"]}, records, finite

    return run


def measured(members: PyTree) -> PyTree:
    """What an evaluation reads of members: the optimiser's state differs from stage to stage."""
    return {"state": members["state"]._replace(opt_state=()), "hp": members["hp"]}


@dataclass(frozen=True, eq=False)
class Programs:
    """The compiled programs of a plan, under one executor and for data of one shape."""

    init: Program | None  # seeds -> states; None where the run begins with a state
    enter: dict[int, Program]  # of each stage that the run enters
    chunks: dict[tuple[int, int, int], Program]  # by stage, length and points
    guarded: Callable[[Segment], Program]  # the same for guarded steps, compiled on first use
    measure: dict[int, Program]  # of each stage; empty without validation

    @property
    def peak_bytes(self) -> int:
        """Memory of the program that takes the most; guarded chunks reuse their arguments'."""
        made = [*self.enter.values(), *self.chunks.values(), *self.measure.values()]
        return max(program.peak_bytes for program in ([self.init] if self.init else []) + made)

    @property
    def metrics(self) -> list[str]:
        """Names of what a validation point measures."""
        return list(list(self.measure.values())[-1].out) if self.measure else []

    def advance(self, segment: Segment, members: PyTree, given: PyTree) -> tuple[PyTree, Record]:
        """Runs a chunk of steps on what its feed gives it.

        Unguarded steps first: they are a fifth faster where the update is a large part of the work.
        If anything comes out non-finite, the chunk is run again from its beginning by guarded
        steps, and so is every later one.
        """
        if bool((np.asarray(members["state"].health.step) < 0).all()):
            program = self.chunks[_kind(segment)]
            after, records, finite = program.call(members, given)
            if np.asarray(finite).all():
                return after, records
        after, records, _ = self.guarded(segment).call(members, given)
        return after, records


class Way(NamedTuple):
    """How programs are executed: what `choose` and `split_in` have."""

    executor: str
    chunk: int
    parts: int
    ways: int


@lru_cache(maxsize=16)
def _init(whole: Plan, way: Way) -> Program:
    return execute(way.executor, init_program(whole), whole.seeds, (), chunk=way.chunk)


@lru_cache(maxsize=32)
def _enter(whole: Plan, way: Way, stage: int) -> Program:
    before = whole.stages[stage - 1].members if stage else whole.first
    enter = enter_program(whole.stages[stage])
    return execute(way.executor, enter, before, (), chunk=way.chunk)


@lru_cache(maxsize=32)
def _measure(whole: Plan, way: Way, stage: int, valid: Shape | None, measure: Measure) -> Program:
    seen = measured(whole.stages[stage].members)
    return execute(way.executor, measure(whole.model), seen, valid, chunk=way.chunk)


@lru_cache(maxsize=64)
def _chunk(
    whole: Plan, way: Way, spec: FeedSpec, stage: int, length: int, points: int, guard: bool
) -> Program:
    fn = chunk_program(whole, stage, length, points, guard=guard)
    members, given = whole.stages[stage].members, spec.shape(length)
    return execute(way.executor, fn, members, given, chunk=way.chunk, donate=guard)


@lru_cache(maxsize=16)
def programs_of(
    plan: Plan,
    executor: str,
    chunk: int,
    parts: int,
    ways: int,
    spec: FeedSpec,
    valid: Shape | None,
    measure: Measure | None,
) -> Programs:
    """Compiles all that a plan's run needs, or returns what was compiled for it before.

    Args:
      plan: from `plan_of`.
      executor, chunk: from `choose`.
      parts, ways: what members and their batches are split in, as `split_in` has it.
      spec: what the chunks are given.
      valid: shapes of the validation rows.
      measure: what a validation point measures.

    Raises:
      ConfigError: the batch is larger than the data.
    """
    whole, way = plan.whole, Way(executor, chunk, parts, ways)
    seen = [measured(planned.members) for planned in plan.stages]
    enter, measures = {}, {}
    for i in plan.remaining:
        if plan.begin <= plan.stages[i].start:
            enter[i] = _enter(whole, way, i)
        if measure:
            # Stages that agree in their variables share one program.
            measures[i] = _measure(whole, way, seen.index(seen[i]), valid, measure)

    chunk_of = partial(_chunk, whole, way, spec)
    pieces = [piece for segment in plan.segments for piece in spec.pieces(segment)]

    return Programs(
        init=None if plan.begin else _init(whole, way),
        enter=enter,
        chunks={_kind(piece): chunk_of(*_kind(piece), guard=False) for piece in pieces},
        guarded=lambda segment: chunk_of(*_kind(segment), guard=True),
        measure=measures,
    )


def _kind(segment: Segment) -> tuple[int, int, int]:
    return segment.stage, segment.length, segment.points


TIMED_STEPS = 4  # of each executor


def trial(
    plan: Plan, hp: Hparams, given: Callable[[int], PyTree]
) -> tuple[MemberFn, PyTree, PyTree]:
    """Returns what executors are timed with: some steps of the longest stage, and its members.

    Args:
      plan: the run's.
      hp: of all members.
      given: returns what so many steps are given.
    """
    longest = max(plan.remaining, key=lambda i: plan.stages[i].steps)
    chunk = make_chunk(
        plan.stages[longest].step,
        length=TIMED_STEPS,
        points=1,
        batch_size=plan.recipe.batch_size,
    )

    def filled(leaf: Shape) -> Array:
        """Any numbers do, except zeros and subnormals, which a processor may treat as special."""
        if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key):
            return jax.random.split(jax.random.key(0), leaf.shape)
        return jnp.full(leaf.shape, 0.01 if jnp.issubdtype(leaf.dtype, jnp.floating) else 0)

    states = jax.tree.map(filled, plan.stages[longest].members["state"])
    return (
        lambda m, rows: chunk(m["state"], m["hp"], rows),
        {"state": states, "hp": hp},
        given(TIMED_STEPS),
    )
