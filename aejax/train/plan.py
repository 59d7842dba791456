"""What is to be trained: a job, and the plan that everything else reads, derived from it once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from math import ceil, prod
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from aejax.conditions import shapes_for
from aejax.errors import ConfigError
from aejax.train import optimizers
from aejax.train.population.choice import Cost
from aejax.train.population.stacked import size, stacked_shapes
from aejax.train.recipe import Recipe
from aejax.train.step import Step, enter_stage, finite_params, guarded, init_state, make_step
from aejax.train.traces.cost import intermediate_bytes, trace_flops
from aejax.train.traces.once import traced_once
from aejax.types import Array, Autoencoder, Hparams, PyTree, Stage, TrainState, stages_of

CURVE_POINTS = 200  # what a curve needs; a chunk keeps the means of its windows
# Most that a chunk computes: between two of them a run is saved and stopped. 20 s at 100 GFLOP/s,
# and no less than a GPU needs to hide the call.
CHUNK_FLOPS = 2e12


class Job(NamedTuple):
    """A population: members that share everything static."""

    model: Autoencoder
    recipe: Recipe
    hp: Mapping[str, Array | np.ndarray]  # name -> float32 [P]
    seeds: Array | np.ndarray  # int32 [P]
    every: int  # steps between validation points
    executor: str = "auto"
    memory_bytes: int | None = None
    split_batch: str = "auto"  # over devices that members leave over: auto, on or off
    stream: str = "auto"  # rows from the host as they are needed: auto, on or off


class Segment(NamedTuple):
    """`length` steps of one stage, from `start`, leaving `points` points on the curves.

    `measured`: a validation point follows.
    """

    stage: int
    start: int
    length: int
    points: int
    measured: bool = True


Stacked = dict[str, PyTree]  # {"state": TrainState, "hp": {name: [P]}}, stacked


class PlannedStage(NamedTuple):
    """A stage as it is going to run; its functions are one member's, each traced once."""

    stage: Stage
    start: int
    steps: int
    enter: Callable[[TrainState, Hparams], TrainState]
    step: Step
    guarded: Step
    finite: Callable[[TrainState], Array]  # whether the parameters that it trains are finite
    members: Stacked  # shapes at the first step
    record: tuple[str, ...]  # names of what a step records
    flops: float  # of a member's step


@dataclass(frozen=True, eq=False)
class Plan:
    """All that is static about training a job. Equal by identity.

    `whole` is the plan that begins at the first step: the key of programs, which a run that goes on
    shares with the one that it continues.
    """

    model: Autoencoder
    recipe: Recipe
    members: int
    begin: int  # steps that were taken before
    stages: tuple[PlannedStage, ...]
    segments: tuple[Segment, ...]  # the chunks to run
    init: Callable[[Array], TrainState]  # of a member's seed
    seeds: jax.ShapeDtypeStruct  # [P]
    first: Stacked  # shapes of what the run begins with
    curves: tuple[str, ...]  # names of what the stages record
    cost: Cost
    beginning: Plan | None = None  # None: this one begins at the first step

    @property
    def whole(self) -> Plan:
        return self.beginning or self

    @property
    def remaining(self) -> range:
        """The stages to run."""
        return range(self.segments[0].stage, len(self.stages))


def plan_of(job: Job, table: PyTree, begin: int = 0) -> Plan:
    """Returns the plan of a job; the same one for the same model object and shapes.

    Args:
      job: the population.
      table: the training rows or their shapes, [N, *shape].
      begin: steps of the recipe that were taken before.
    """
    hp = tuple((name, jnp.result_type(v)) for name, v in sorted(job.hp.items()))
    shape = tuple(table.shape[1:])
    whole = _whole(job.model, job.recipe, size(job.seeds), hp, job.every, shape, _settings())
    return _from(whole, begin, job.every) if begin else whole


def _settings() -> tuple[Any, ...]:
    """What else a trace depends on."""
    config: Any = jax.config
    numbers = config.jax_enable_x64, config.jax_default_matmul_precision, config.jax_debug_nans
    return (*numbers, optimizers.training_off())


@lru_cache(maxsize=16)
def _whole(
    model: Autoencoder,  # hashed by identity
    recipe: Recipe,
    members: int,
    hp_types: tuple[tuple[str, np.dtype], ...],
    every: int,
    shape: tuple[int, ...],
    settings: tuple[Any, ...],
) -> Plan:
    parts = stages_of(model)
    lengths = stage_steps(parts, recipe.steps)
    hp = {name: jax.ShapeDtypeStruct((), dtype) for name, dtype in hp_types}
    x = shapes_for(model.info.nets.condition, recipe.batch_size, shape)
    seed = jax.ShapeDtypeStruct((), jnp.int32)
    init = traced_once(lambda seed: init_state(model, seed, jnp.zeros(x.shape, jnp.float32)))
    first = state = jax.eval_shape(init, seed)
    start, stages, scratch = 0, [], []
    for stage, steps in zip(parts, lengths, strict=True):
        enter = traced_once(partial(enter_stage, model, stage, recipe, steps))
        step = traced_once(make_step(model, stage, recipe, steps))
        state = jax.eval_shape(enter, state, hp)
        trace, (_, record) = jax.make_jaxpr(step, return_shape=True)(state, hp, x)
        scratch.append(intermediate_bytes(trace))
        stages.append(
            PlannedStage(
                stage=stage,
                start=start,
                steps=steps,
                enter=enter,
                step=step,
                guarded=guarded(step, model, stage),
                finite=partial(finite_params, stage=stage),
                members=stacked_shapes({"state": state, "hp": hp}, members),
                record=tuple(record),
                flops=trace_flops(trace),
            )
        )
        start += steps
    cut = _cut(stages, members, every)
    held = _bytes(state)
    cost = Cost(
        param_count=sum(prod(p.shape) for p in jax.tree.leaves(state.variables["params"])),
        state_bytes=held,
        member_bytes=2 * held + max(scratch),
        flops=_flops(stages, cut),
    )
    recorded = [name for planned in stages for name in planned.record]
    return Plan(
        model=model,
        recipe=recipe,
        members=members,
        begin=0,
        stages=tuple(stages),
        segments=cut,
        init=init,
        seeds=stacked_shapes(seed, members),
        first=stacked_shapes({"state": first, "hp": hp}, members),
        curves=tuple(dict.fromkeys([*model.info.terms, "loss", *recorded])),
        cost=cost,
    )


@lru_cache(maxsize=64)
def _from(whole: Plan, begin: int, every: int) -> Plan:
    """Returns the rest of a plan, from a step on."""
    cut = _cut(whole.stages, whole.members, every, begin)
    reached = [planned for planned in whole.stages if planned.start < begin][-1]
    return replace(
        whole,
        begin=begin,
        segments=cut,
        first=reached.members,
        cost=whole.cost._replace(flops=_flops(whole.stages, cut)),
        beginning=whole,
    )


def _cut(
    stages: Sequence[PlannedStage], members: int, every: int, begin: int = 0
) -> tuple[Segment, ...]:
    most = [chunk_steps(every, members * planned.flops) for planned in stages]
    return tuple(segments([planned.steps for planned in stages], every, begin, most))


def _flops(stages: Sequence[PlannedStage], cut: Sequence[Segment]) -> float:
    return sum(stages[segment.stage].flops * segment.length for segment in cut)


def _bytes(tree: PyTree) -> int:
    """Returns the bytes of a tree of shapes; typed keys count as 8."""
    return sum(
        prod(leaf.shape) * (leaf.dtype.itemsize if hasattr(leaf.dtype, "itemsize") else 8)
        for leaf in jax.tree.leaves(tree)
    )


def cost(job: Job, table: PyTree) -> Cost:
    """Returns a member's parameters, memory and FLOPs, by tracing alone.

    Args:
      job: the population.
      table: the training rows or their shapes, [N, *shape].
    """
    return plan_of(job, table).cost


def stage_steps(stages: Sequence[Stage], steps: int) -> list[int]:
    """Returns each stage's number of steps.

    Its share of the whole, one at least, summing to `steps`.
    """
    total, left, lengths = sum(stage.share for stage in stages), steps, []
    for after in range(len(stages) - 1, 0, -1):
        share = stages[-after - 1].share / total
        # No stage takes the step that each one after it needs.
        lengths.append(max(1, min(round(steps * share), left - after)))
        left -= lengths[-1]
    return [*lengths, max(1, left)]


def chunk_steps(every: int, flops: float) -> int:
    """Returns the most steps of a chunk: `every`, or what computes no more than CHUNK_FLOPS.

    Chunks of a few steps more or less are another program each, so it divides `every` where it can.

    Args:
      every: steps between validation points.
      flops: of a step of all members.
    """
    most = max(1, int(CHUNK_FLOPS // max(flops, 1.0)))
    if every <= most:
        return every
    whole = next(length for length in range(most, 0, -1) if every % length == 0)
    return whole if 4 * whole >= most else ceil(every / ceil(every / most))


def segments(
    lengths: Sequence[int], every: int, begin: int = 0, most: Sequence[int] | None = None
) -> list[Segment]:
    """Returns the chunks of a run, which cross neither a stage's end nor a validation point.

    Args:
      lengths: steps of each stage.
      every: steps between validation points.
      begin: steps that were taken before. Later chunks end where they would have without it.
      most: most steps of a chunk of each stage; `every` where it is not given.
    """
    cut, start, total = [], 0, max(sum(lengths), 1)
    for stage, length in enumerate(lengths):
        end = start + length
        while start < end:
            measured = min(start + every, end)
            while start < measured:
                stop = min(start + (most[stage] if most else every), measured)
                first = max(start, begin)
                if first < stop:
                    size = stop - first
                    wanted = max(1, round(CURVE_POINTS * size / total))
                    points = max(p for p in range(1, min(wanted, size) + 1) if size % p == 0)
                    cut.append(Segment(stage, first, size, points, stop == measured))
                start = stop
    return cut


def check_until(plan: Plan, until: int) -> None:
    """Raises ConfigError where a run cannot stop once so many steps are done.

    It can at validation points, which begin anew with every stage.
    """
    ends = [cut.start + cut.length for cut in plan.segments if cut.measured]
    if until not in ends:
        near = min(ends, key=lambda end: abs(end - until))
        stages = f" of its {len(plan.stages)} stages" if len(plan.stages) > 1 else ""
        raise ConfigError(
            f"until={until!r} is no validation point{stages}. Did you mean {near}? "
            f"Allowed: {', '.join(map(str, ends[:20]))}{', ...' if len(ends) > 20 else ''}."
        )
