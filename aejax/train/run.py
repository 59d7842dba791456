"""Training a population from its first step to its last, through stages, with exact resume."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack, nullcontext
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from aejax.errors import ConfigError
from aejax.train import begin, signals
from aejax.train import compile as compiler
from aejax.train.checkpoint import Checkpoint
from aejax.train.feed import (
    PIECE_BYTES,
    Feed,
    FeedSpec,
    example,
    feed_of,
    joined,
    orders_of,
    streams,
)
from aejax.train.fingerprint import fingerprints
from aejax.train.history import History
from aejax.train.plan import Job, Plan, Segment, check_until, plan_of
from aejax.train.population.choice import choose
from aejax.train.population.devices import place, split_in, ways_of
from aejax.train.programs import Measure, Programs, measured, programs_of, trial
from aejax.train.resume import Begun, settle
from aejax.train.step import first_keys
from aejax.train.stopping import EarlyStopping
from aejax.types import Array, PyTree, TrainState, Variables

OnChunk = Callable[[int, dict[str, np.ndarray]], None]  # (steps done, last means [P])
OnPoints = Callable[[History, int], None]  # (curves and points so far, steps done)


class Trained(NamedTuple):
    """What training returns: the stacked state, curves [P, T] and validation points [P, V].

    With early stopping, `best` holds each member's variables at its best point and `best_step` [P]
    the steps done there; curves and points are NaN after all members had stopped.
    """

    state: TrainState
    curve_step: np.ndarray
    curves: dict[str, np.ndarray]
    valid_step: np.ndarray
    valid: dict[str, np.ndarray]
    compile_seconds: float  # 0 where all programs were compiled before
    run_seconds: float
    recompiles: int
    flops: float  # of one member, in the steps of this run
    peak_bytes: int  # of the program that takes the most, data and members included
    executor: str
    chunk: int
    parts: int  # that the members were split in
    ways: int  # devices that a part's batches were split over
    devices: int  # that all of it was on
    streamed: bool  # whether rows came from the host as they were needed
    continued: tuple[str, ...]  # where it went on elsewhere, or under a changed program
    best: Variables | None = None
    best_step: np.ndarray | None = None


@compiler.in_float32
def train(
    job: Job,
    table: np.ndarray | Array,
    *,
    valid: np.ndarray | Array | None = None,
    measure: Measure | None = None,
    stopping: EarlyStopping | None = None,
    initial: Variables | None = None,
    start: TrainState | None = None,
    planned: int | None = None,
    until: int | None = None,
    checkpoint: Checkpoint | None = None,
    checkpoint_seconds: float = 30.0,
    on_compiled: Callable[[float], None] | None = None,
    on_chunk: OnChunk | None = None,
    on_points: OnPoints | None = None,
) -> Trained:
    """Trains a population.

    A second call with the same model object, recipe and shapes compiles nothing.

    Args:
      job: the population and its recipe.
      table: training rows [N, *shape], uint8 or float32, `Conditioned` where the model takes a
        condition; placed on the device once, or streamed (`job.stream`).
      valid: rows for the validation points, or None for none.
      measure: what a validation point measures, e.g. `evaluate.members.evaluator`.
      stopping: keep each member's best variables by a validation metric of the last stage.
      initial: variables to begin with, stacked [P, ...], in place of those that the seeds draw; a
        group of parameters that they lack is drawn.
      start: the state of an earlier run to continue, stacked [P, ...]: `recipe.steps` is then the
        total, of which `start.step` are done. N steps and N more equal 2 N steps bit for bit,
        given the same `every`. Curves, points and early stopping cover the new steps only.
      planned: `recipe.steps` of the run that `start` comes from; None: it had ended. Schedules,
        stages and some optimisers read the total, and then only a run that was stopped on its way
        can be continued: planned equals `recipe.steps`.
      until: stop once so many steps are done, at a validation point before the end: what is not
        reached of curves and points is NaN.
      checkpoint: where to save and from where to go on; a resumed run equals an undisturbed one
        bit for bit. What is damaged is left out, and a changed program begins again, unless
        `checkpoint.changed` says otherwise; `checkpoint.say` is told. On other devices it goes on
        in the parts that it began with.
      checkpoint_seconds: least time between two saves; 0 saves after every chunk.
      on_compiled: called before the first chunk, with the seconds that compiling took.
      on_chunk: called after every chunk.
      on_points: called after it, with all curves and points so far, those before a resume too.

    Returns:
      The final state and the curves. Diverged members are frozen and marked in `state.health`; the
      others are, to rounding, what they are without them.

    Raises:
      ConfigError: the batch is larger than the data, the memory budget too small, the checkpoint of
        another run, `initial` or `start` of another model, a `start` that cannot be continued
        exactly, or early stopping without `valid` or by a metric that is not measured.
    """
    _check(valid, measure, stopping, initial, start)
    compiled = compiler.compile_seconds()
    plan = plan_of(job, table, begin.steps_taken(job, start, planned))
    if until is not None:
        check_until(plan, until)
    spec = _spec(job, table, start)
    ways_now = partial(_ways, job, plan)
    setting, done = _settle(job, plan, spec, table, valid, measure, stopping, checkpoint, ways_now)
    with split_in(setting.parts):
        ways = 1 if setting.executor == "loop" else ways_now()
    with ExitStack() as stack:
        stack.enter_context(split_in(setting.parts, ways))
        put = partial(place, members=plan.members, executor=setting.executor)
        held_out = None if valid is None else put(valid, shared=True)
        programs = programs_of(
            plan, setting.executor, setting.chunk, setting.parts, ways, spec,
            _shapes(held_out), measure,
        )  # fmt: skip
        members = _first(job, plan, programs, put, table, initial, start)
        history = History(plan, programs.metrics, stopping)
        if checkpoint and done:
            members["state"] = _restored(checkpoint, done, plan, history, put)
        coming = list(enumerate(plan.segments))[done:]
        pieces = [piece for _, segment in coming for piece in spec.pieces(segment)]
        feed = feed_of(spec, table, members["state"].key, pieces, partial(put, shared=True))
        stack.callback(feed.close)
        if on_compiled:
            on_compiled(compiler.compile_seconds() - compiled)
        begun = saved = time.perf_counter()
        warm = None  # programs that JAX had compiled by itself after the first chunk
        for i, segment in coming:
            if history.finished() or (until is not None and segment.start >= until):
                break
            with signals.held() if checkpoint else nullcontext():
                members, records, points = _advance(
                    plan, programs, spec, feed, segment, members, held_out
                )
                means = history.record(i, segment, members, records, points)
                if warm is None:
                    warm = compiler.unplanned_count()
                if on_chunk:
                    on_chunk(segment.start + segment.length, means)
                if on_points:
                    on_points(history, segment.start + segment.length)
                last = i + 1 == len(plan.segments) or segment.start + segment.length == until
                ended = last or history.finished() or signals.waiting()
                if checkpoint and (ended or time.perf_counter() - saved >= checkpoint_seconds):
                    checkpoint.save(i + 1, _tree(members["state"], history))
                    saved = time.perf_counter()
                    kept = f"checkpoint of {checkpoint.directory.name} at step"
                    signals.keep(f"{kept} {segment.start + segment.length}")
        jax.block_until_ready(members)
        return Trained(
            state=members["state"],
            curve_step=history.curve_step,
            curves=history.curves,
            valid_step=history.valid_step,
            valid=history.valid,
            compile_seconds=compiler.compile_seconds() - compiled,
            run_seconds=time.perf_counter() - begun,
            recompiles=0 if warm is None else compiler.unplanned_count() - warm,
            flops=plan.cost.flops,
            peak_bytes=programs.peak_bytes,
            executor=setting.executor,
            chunk=setting.chunk,
            parts=setting.parts,
            ways=ways,
            devices=setting.on,
            streamed=bool(spec.orders),
            continued=tuple(setting.history),
            best=history.best.variables if history.best else None,
            best_step=history.best.step if history.best else None,
        )


def _shapes(tree: PyTree) -> PyTree:
    return jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype), tree)


def _spec(job: Job, table: PyTree, start: TrainState | None) -> FeedSpec:
    """Returns what the chunks are given: the table, or the rows of each member's order."""
    if not streams(job.stream, table):
        return FeedSpec(_shapes(table), job.recipe.batch_size)
    keys = first_keys(job.seeds) if start is None else start.key
    orders = len(orders_of(keys))
    return FeedSpec(_shapes(table), job.recipe.batch_size, orders, PIECE_BYTES)


def _ways(job: Job, plan: Plan) -> int:
    """Returns over how many devices a part's batches are split."""
    steps = sum(segment.length for segment in plan.segments)
    batch, flops = job.recipe.batch_size, plan.cost.flops / steps
    return ways_of(job.split_batch, plan.members, batch, flops)


def _settle(
    job: Job, plan: Plan, spec: FeedSpec, table: PyTree, valid: PyTree, measure: Measure | None,
    stopping: EarlyStopping | None, checkpoint: Checkpoint | None, ways: Callable[[], int],
) -> Begun:  # fmt: skip
    """Returns how the run is executed, and the segments that a checkpoint has of it."""
    trials = partial(trial, plan, job.hp, partial(example, spec, table))
    return settle(
        checkpoint,
        partial(fingerprints, plan, job, _shapes(table), _shapes(valid), measure, stopping),
        plan.members,
        lambda: choose(job.executor, plan.members, plan.cost, job.memory_bytes, trials),
        lambda segments: sum(segment.length for segment in plan.segments[:segments]),
        ways,
    )


def _first(
    job: Job, plan: Plan, programs: Programs, put: Callable[..., PyTree], table: PyTree,
    initial: Variables | None, start: TrainState | None,
) -> PyTree:  # fmt: skip
    """Returns the members that the run begins with, placed."""
    if start is not None:
        state = begin.continued(start, plan.first["state"])
    else:
        assert programs.init is not None
        state = programs.init.call(put(np.asarray(job.seeds)), ())
        state = begin.drawn(job.model, state, table, initial)
    # Copies: guarded chunks give their members' memory away, and the job is the caller's.
    return put({"state": state, "hp": jax.tree.map(np.array, job.hp)})


def _advance(
    plan: Plan, programs: Programs, spec: FeedSpec, feed: Feed, segment: Segment,
    members: PyTree, held_out: PyTree,
) -> tuple[PyTree, dict[str, np.ndarray], dict[str, np.ndarray]]:  # fmt: skip
    """Returns members after a segment, the means of its windows, and what is measured after it."""
    if segment.start == plan.stages[segment.stage].start:
        members = programs.enter[segment.stage].call(members, ())
    parts, points = [], {}
    for piece in spec.pieces(segment):
        members, records = programs.advance(piece, members, feed.next())
        parts.append(records)
    if programs.measure and segment.measured:
        points = programs.measure[segment.stage].call(measured(members), held_out)
    parts, points = jax.device_get((parts, points))
    return members, joined(parts, segment.points), points


def _check(
    valid: Any,
    measure: Measure | None,
    stopping: EarlyStopping | None,
    initial: Variables | None,
    start: TrainState | None,
) -> None:
    """Raises ConfigError where arguments of `train` do not go together."""
    if (valid is None) != (measure is None):
        raise ConfigError("valid and measure go together. Allowed: both, or neither.")
    if stopping and valid is None:
        raise ConfigError(
            f"stopping={stopping} needs validation rows. Allowed: with valid, or stopping=None."
        )
    if initial is not None and start is not None:
        raise ConfigError("initial and start exclude each other. Allowed: one of them, or neither.")


def _tree(state: TrainState, history: History) -> PyTree:
    """Returns what a checkpoint holds."""
    # Raw key data: what is on disk should not depend on how typed keys are stored.
    raw = state._replace(key=jax.random.key_data(state.key))._asdict()
    return {"state": raw, **history.tree()}


def _restored(
    checkpoint: Checkpoint, done: int, plan: Plan, history: History, put: Callable[..., PyTree]
) -> TrainState:
    """Returns the members' states after `done` segments, and gives the history what it had."""
    shapes = plan.stages[plan.segments[done - 1].stage].members["state"]
    restored = checkpoint.restore(done, jax.eval_shape(lambda s: _tree(s, history), shapes))
    history.load(restored)
    state = TrainState(**restored["state"])
    return put(state._replace(key=jax.random.wrap_key_data(jnp.asarray(state.key))))
