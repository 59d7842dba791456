"""Training a population from its first step to its last, through stages, with exact resume."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from aejax.data.scaling import to_float
from aejax.errors import ConfigError, check_names
from aejax.train import compile as compiler
from aejax.train import population
from aejax.train.best import Best, EarlyStopping
from aejax.train.checkpoint import Checkpoint
from aejax.train.job import Cost, Job, cost
from aejax.train.programs import Measure, Prepared, abstract, prepare, seen
from aejax.train.segments import Segment, curve_steps, segments
from aejax.types import Array, PyTree, TrainState, Variables, stages_of


class Trained(NamedTuple):
    """What training leaves.

    The stacked state, curves by name [P, T] and points by metric [P, V]. With early stopping,
    `best` holds each member's variables at its best point, `best_step` [P] the steps done there;
    curves and points end with NaN where all members had stopped.
    """

    state: TrainState
    curve_step: np.ndarray
    curves: dict[str, np.ndarray]
    valid_step: np.ndarray
    valid: dict[str, np.ndarray]
    compile_seconds: float
    run_seconds: float
    recompiles: int
    flops: float  # of one member
    peak_bytes: int  # of the program that takes the most, data and members included
    executor: str
    chunk: int
    best: Variables | None = None
    best_step: np.ndarray | None = None


OnChunk = Callable[[int, dict[str, np.ndarray]], None]  # (steps done, last means [P])


def _prime(job: Job, state: TrainState, rows: Array) -> Variables:
    """Returns the drawn variables, told the mean of the training rows where the model asks."""
    if job.model.prime is None:
        return state.variables
    centre = to_float(rows).mean(0)
    return jax.vmap(job.model.prime, (0, None))(state.variables, centre)


def _begin(drawn: Variables, initial: Variables | None) -> Variables:
    """Returns the variables to begin with: as drawn, but for what `initial` holds, copied.

    Raises:
      ConfigError: a group of parameters that the model has not, or has in another shape.
    """
    if initial is None:
        return drawn
    check_names("initial: parameters", initial["params"], drawn["params"])
    parts = {"params": drawn["params"] | dict(initial["params"]), "extra": initial["extra"]}
    if abstract(parts) != abstract(drawn):
        raise ConfigError(
            "initial variables are of other shapes than this model's, or have no leading member "
            "axis. Allowed: variables that this model was trained to, stacked over the members."
        )
    return jax.tree.map(jnp.copy, parts)


class _History:
    """Curves and validation points, of a fixed size from the start so that a checkpoint can hold
    them.
    """

    def __init__(self, members: int, cut: list[Segment], names: list[str], valid_names: list[str]):
        points, ends = sum(s.points for s in cut), len(cut)
        self.curves = {n: np.full((members, points), np.nan, np.float32) for n in names}
        self.valid = {n: np.full((members, ends), np.nan, np.float32) for n in valid_names}
        self._starts = np.concatenate([[0], np.cumsum([s.points for s in cut])])

    def write(
        self, i: int, records: dict[str, Array], valid: dict[str, Array] | None
    ) -> dict[str, np.ndarray]:
        at = slice(self._starts[i], self._starts[i + 1])
        for name, values in records.items():
            # Stages may differ in their terms; what a stage has not stays NaN on its stretch.
            self.curves[name][:, at] = values
        for name, values in (valid or {}).items():
            self.valid[name][:, i] = values
        return {name: np.asarray(values)[:, -1] for name, values in records.items()}

    def tree(self) -> PyTree:
        return {"curves": self.curves, "valid": self.valid}


def _saved(state: TrainState) -> PyTree:
    # Raw key data: what is on disk should not depend on how typed keys are stored.
    return state._replace(key=jax.random.key_data(state.key))._asdict()


def _loaded(saved: PyTree) -> TrainState:
    state = TrainState(**saved)
    return state._replace(key=jax.random.wrap_key_data(jnp.asarray(state.key)))


def train(
    job: Job,
    table: np.ndarray | Array,
    *,
    valid: np.ndarray | Array | None = None,
    checkpoint: Checkpoint | None = None,
    checkpoint_seconds: float = 30.0,
    on_chunk: OnChunk | None = None,
    on_compiled: Callable[[float], None] | None = None,
    initial: Variables | None = None,
    measure: Measure | None = None,
    stopping: EarlyStopping | None = None,
    prepared: Prepared | None = None,
) -> Trained:
    """Trains a population.

    Args:
      job: the population and its recipe.
      table: training rows [N, *shape], uint8 or float32; placed on the device once.
      valid: rows for the validation points, or None for none.
      checkpoint: where to save and from where to go on; a resumed run equals an undisturbed one
        bit for bit.
      checkpoint_seconds: least time between two saves; 0 saves after every chunk.
      on_chunk: called after every chunk.
      on_compiled: called before the first chunk, with the seconds that compiling took.
      initial: variables to begin with, stacked [P, ...], in place of those that the seeds draw; a
        group of parameters that they lack is drawn.
      measure: what a validation point measures, e.g. `evaluate.members.evaluator`.
      stopping: keep each member's best variables by a validation metric of the last stage.
      prepared: of the same job, table, valid and measure, where they have been compiled before.

    Returns:
      The final state and the curves. Diverged members are frozen and marked in `state.health`; the
      others are, to rounding, what they are without them.

    Raises:
      ConfigError: the batch is larger than the data, the memory budget too small, the checkpoint of
        another run, initial variables of another model, or early stopping without `valid` or by a
        metric that is not measured.
    """
    if (valid is None) != (measure is None):
        raise ConfigError("valid and measure go together. Allowed: both, or neither.")
    stages = stages_of(job.model)
    cut = segments(stages, job.recipe.steps, job.every)
    size = population.size(job.seeds)
    # A resumed run goes on as it began: another executor would round differently.
    noted = checkpoint.note() if checkpoint else None
    choice = noted["choice"] if noted else None
    one, executor, chunk, programs, rows, held_out = prepared or prepare(
        job, table, valid, measure, choice
    )
    if checkpoint and not noted:
        checkpoint.write_note({"choice": [executor, chunk]})
    place = partial(population.place, members=size, executor=executor)
    names = list(dict.fromkeys([*job.model.info.weights, "loss", *programs.curves]))
    valid_names = list(programs.valid[-1].out) if held_out is not None else []
    history = _History(size, cut, names, valid_names)
    # A copy: chunks may be given their members' memory, and the job stays the caller's.
    hp = place(jax.tree.map(np.array, job.hp))
    members = {"state": programs.init.call(place(np.asarray(job.seeds)), ()), "hp": hp}
    state = members["state"]
    members["state"] = state._replace(variables=_begin(_prime(job, state, rows), initial))
    members = place(members)
    best = None
    if stopping and (valid is None or measure is None):
        raise ConfigError(
            f"stopping={stopping} needs validation rows. Allowed: with valid, or stopping=None."
        )
    if stopping:
        empty = jax.tree.map(
            lambda leaf: jnp.zeros(leaf.shape, leaf.dtype),
            programs.entered[-1]["state"].variables,
        )
        best = Best(stopping, empty, valid_names)

    def tree() -> PyTree:
        kept = {"best": best.tree()} if best else {}
        return {"state": _saved(members["state"]), "history": history.tree(), **kept}

    done, begun, warm = 0, time.perf_counter(), None
    last = checkpoint.latest() if checkpoint else None
    if checkpoint and last is not None:
        done = last
        state = _saved_shape(programs.entered[cut[done - 1].stage]["state"])
        restored = checkpoint.restore(done, abstract({**tree(), "state": state}))
        members["state"] = place(_loaded(restored["state"]))
        history.curves = {k: np.array(v) for k, v in restored["history"]["curves"].items()}
        history.valid = {k: np.array(v) for k, v in restored["history"]["valid"].items()}
        if best:
            best.load(restored["best"])
    saved = time.perf_counter()
    if on_compiled:
        on_compiled(programs.seconds)
    for i, segment in list(enumerate(cut))[done:]:
        if best and best.finished():
            break
        if i == 0 or cut[i - 1].stage != segment.stage:
            members = programs.enter[segment.stage].call(members, ())
        members, records = programs.chunk(segment, members, rows)
        points = None
        if programs.valid:
            points = programs.valid[segment.stage].call(seen(members), held_out)
        means = history.write(i, jax.device_get(records), jax.device_get(points))
        end = segment.start + segment.length
        if stopping and best and segment.stage == len(stages) - 1:
            best.update(end, history.valid[stopping.metric][:, i], members["state"].variables)
        if warm is None:
            warm = compiler.compile_count() - programs.late
        if on_chunk:
            on_chunk(end, means)
        ended = i + 1 == len(cut) or (best is not None and best.finished())
        if checkpoint and (ended or time.perf_counter() - saved >= checkpoint_seconds):
            checkpoint.save(i + 1, tree())
            saved = time.perf_counter()
    jax.block_until_ready(members)
    return Trained(
        state=members["state"],
        curve_step=np.asarray(curve_steps(cut), np.float32),
        curves=history.curves,
        valid_step=np.asarray([s.start + s.length for s in cut], np.float32),
        valid=history.valid,
        compile_seconds=programs.seconds + (best.seconds if best else 0.0),
        run_seconds=time.perf_counter() - begun,
        recompiles=0 if warm is None else compiler.compile_count() - programs.late - warm,
        flops=one.flops,
        peak_bytes=programs.peak_bytes,
        executor=executor,
        chunk=chunk,
        best=best.variables if best else None,
        best_step=best.step if best else None,
    )


def _saved_shape(state: PyTree) -> PyTree:
    return jax.eval_shape(_saved, state)


__all__: list[Any] = ["Cost", "Job", "Prepared", "Trained", "cost", "prepare", "train"]
