"""Training a population from its first step to its last, through stages, with exact resume."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from aejax import evaluate as metrics
from aejax import keys
from aejax.errors import ConfigError, check_names
from aejax.train import compile as compiler
from aejax.train import population
from aejax.train.best import Best, EarlyStopping
from aejax.train.checkpoint import Checkpoint
from aejax.train.loop import make_chunk, to_float
from aejax.train.plan import Segment, curve_steps, segments, stage_steps
from aejax.train.step import Recipe, enter_stage, init_state, make_step, stages_of
from aejax.types import Array, Autoencoder, PyTree, TrainState, Variables


class Job(NamedTuple):
    """A population: members that share everything static."""

    model: Autoencoder
    recipe: Recipe
    hp: dict[str, Array]  # name -> float32 [P]
    seeds: Array  # int32 [P]
    every: int  # steps between validation points
    executor: str = "auto"
    memory_bytes: int | None = None


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
    executor: str
    chunk: int
    best: Variables | None = None
    best_step: np.ndarray | None = None


# A member's function ({"state", "hp"}, table) -> {name: scalar}, of a model.
Measure = Callable[[Autoencoder], population.Member]
OnChunk = Callable[[int, dict[str, np.ndarray]], None]  # (steps done, last means [P])


class Cost(NamedTuple):
    """What one member takes, known before anything is compiled."""

    param_count: int
    state_bytes: int
    member_bytes: int
    flops: float


def _abstract(tree: PyTree) -> PyTree:
    return jax.eval_shape(lambda t: t, tree)


def _one(tree: PyTree) -> PyTree:
    return jax.eval_shape(lambda t: population.member(t, 0), tree)


def _initial(job: Job, batch: PyTree, seeds: Array) -> TrainState:
    zeros = jnp.zeros(batch.shape, jnp.float32)
    return jax.vmap(lambda seed: init_state(job.model, seed, zeros))(seeds)


def cost(job: Job, table: PyTree) -> Cost:
    """Returns a member's parameters, memory and FLOPs by tracing alone.

    Args:
      job: the population.
      table: the training rows or their shapes, [N, *shape].
    """
    recipe, stages = job.recipe, stages_of(job.model)
    x = jax.ShapeDtypeStruct((recipe.batch_size, *table.shape[1:]), jnp.float32)
    state = jax.eval_shape(
        lambda seed: init_state(job.model, seed, jnp.zeros(x.shape)), jnp.int32(0)
    )
    hp = _one(job.hp)
    flops, peak = 0.0, 0
    for stage, steps in zip(stages, stage_steps(stages, recipe.steps), strict=True):
        enter = lambda s, h, stage=stage, steps=steps: enter_stage(
            job.model, stage, recipe, steps, s, h
        )
        state = jax.eval_shape(enter, state, hp)
        step = make_step(job.model, stage, recipe, steps)
        flops += steps * compiler.flops(step, state, hp, x)
        peak = max(peak, population.intermediate_bytes(step, state, hp, x))
    params = sum(int(np.prod(p.shape)) for p in jax.tree.leaves(state.variables["params"]))
    order = 8 * table.shape[0]  # one epoch's permutation and its sort keys
    held = population.tree_bytes(state)
    return Cost(params, held, 2 * held + peak + order, flops)


class _Programs:
    """The compiled programs of a job, all made before the first step."""

    def __init__(
        self,
        job: Job,
        table: Array,
        valid: Array | None,
        cut: list[Segment],
        executor: str,
        chunk: int,
        measure: Measure,
    ):
        self.seconds = 0.0
        self.chunks: dict[tuple[int, int], compiler.Program] = {}
        self.enter: list[compiler.Program] = []
        self.entered: list[PyTree] = []  # abstract member trees of each stage
        self.curves: dict[str, None] = {}  # names of what the stages record, in order
        self.valid: list[compiler.Program] = []  # of each stage; empty without validation rows
        stages, recipe = stages_of(job.model), job.recipe
        batch = jax.ShapeDtypeStruct((recipe.batch_size, *table.shape[1:]), jnp.float32)

        def execute(fn: population.Member, members: PyTree, shared: PyTree, donate: bool = False):
            program = population.execute(executor, fn, members, shared, chunk=chunk, donate=donate)
            self.seconds += program.seconds
            return program

        init = lambda seeds: _initial(job, batch, seeds)
        self.init = compiler.compile(init, job.seeds)
        self.seconds += self.init.seconds
        members = {"state": jax.eval_shape(init, job.seeds), "hp": _abstract(job.hp)}
        seen: PyTree = None
        for i, (stage, steps) in enumerate(
            zip(stages, stage_steps(stages, recipe.steps), strict=True)
        ):

            def enter(m: PyTree, _: PyTree, stage=stage, steps=steps) -> PyTree:
                state = enter_stage(job.model, stage, recipe, steps, m["state"], m["hp"])
                return {"state": state, "hp": m["hp"]}

            self.enter.append(execute(enter, members, ()))
            members = jax.eval_shape(lambda ms, e=enter: jax.vmap(lambda m: e(m, ()))(ms), members)
            self.entered.append(members)
            if valid is not None:
                now = _seen(members)  # stages that agree in their variables share one program
                shared = self.valid[-1] if self.valid and now == seen else None
                self.valid.append(shared or execute(measure(job.model), now, valid))
                seen = now
            step = make_step(job.model, stage, recipe, steps)
            if stage.loss is not job.model.loss:  # it may have terms of its own
                one = _one(members)
                record = jax.eval_shape(step, one["state"], one["hp"], batch)[1]
                self.curves |= dict.fromkeys(record)
            for segment in cut:
                if segment.stage != i or (i, segment.length) in self.chunks:
                    continue
                body = make_chunk(
                    step,
                    length=segment.length,
                    points=segment.points,
                    n=table.shape[0],
                    batch_size=recipe.batch_size,
                )

                def run(m: PyTree, table: Array, body=body) -> PyTree:
                    state, records = body(m["state"], m["hp"], table)
                    return {"state": state, "hp": m["hp"]}, records

                self.chunks[i, segment.length] = execute(run, members, table, donate=True)


def _seen(members: PyTree) -> PyTree:
    """What an evaluation reads: the optimiser's state is of another kind in every stage."""
    return {"state": members["state"]._replace(opt_state=()), "hp": members["hp"]}


def evaluator(model: Autoencoder) -> population.Member:
    """Returns a member's function: ({"state", "hp"}, table) -> {metric: scalar}."""

    def run(m: PyTree, table: Array) -> dict[str, Array]:
        state = m["state"]
        key = keys.stream(state.key, "evaluate")
        return metrics.evaluate(model, state.variables, m["hp"], key, table)

    return run


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
    if _abstract(parts) != _abstract(drawn):
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
    initial: Variables | None = None,
    measure: Measure | None = None,
    stopping: EarlyStopping | None = None,
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
      initial: variables to begin with, stacked [P, ...], in place of those that the seeds draw; a
        group of parameters that they lack is drawn.
      measure: what a validation point measures; None: `evaluator`, the terms and METRICS.
      stopping: keep each member's best variables by a validation metric of the last stage.

    Returns:
      The final state and the curves. Diverged members are frozen and marked in `state.health`.

    Raises:
      ConfigError: the batch is larger than the data, the memory budget too small, the checkpoint of
        another run, initial variables of another model, or early stopping without `valid` or by a
        metric that is not measured.
    """
    stages = stages_of(job.model)
    cut = segments(stages, job.recipe.steps, job.every)
    rows = compiler.place(jnp.asarray(table))
    held_out = None if valid is None else compiler.place(jnp.asarray(valid))
    one = cost(job, rows)
    executor, chunk = population.pick(
        job.executor,
        population.size(job.seeds),
        one.member_bytes,
        one.param_count,
        job.memory_bytes or population.available_bytes(),
        jax.default_backend(),
    )
    measure = measure or evaluator
    programs = _Programs(job, rows, held_out, cut, executor, chunk, measure)
    names = list(dict.fromkeys([*job.model.info.weights, "loss", *programs.curves]))
    valid_names = (
        list(jax.eval_shape(measure(job.model), _one(programs.entered[-1]), held_out))
        if held_out is not None
        else []
    )
    history = _History(population.size(job.seeds), cut, names, valid_names)
    # A copy: the chunks are given their members' memory, and the job stays the caller's.
    members = {"state": programs.init.call(job.seeds), "hp": jax.tree.map(jnp.copy, job.hp)}
    state = members["state"]
    members["state"] = state._replace(variables=_begin(_prime(job, state, rows), initial))
    best = None
    if stopping and valid is None:
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
        restored = checkpoint.restore(done, _abstract({**tree(), "state": state}))
        members["state"] = _loaded(restored["state"])
        history.curves = {k: np.array(v) for k, v in restored["history"]["curves"].items()}
        history.valid = {k: np.array(v) for k, v in restored["history"]["valid"].items()}
        if best:
            best.load(restored["best"])
    saved = time.perf_counter()
    for i, segment in list(enumerate(cut))[done:]:
        if best and best.finished():
            break
        if i == 0 or cut[i - 1].stage != segment.stage:
            members = programs.enter[segment.stage].call(members, ())
        members, records = programs.chunks[segment.stage, segment.length].call(members, rows)
        points = None
        if programs.valid:
            points = programs.valid[segment.stage].call(_seen(members), held_out)
        means = history.write(i, jax.device_get(records), jax.device_get(points))
        end = segment.start + segment.length
        if stopping and best and segment.stage == len(stages) - 1:
            best.update(end, history.valid[stopping.metric][:, i], members["state"].variables)
        if warm is None:
            warm = compiler.compile_count()
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
        recompiles=0 if warm is None else compiler.compile_count() - warm,
        flops=one.flops,
        executor=executor,
        chunk=chunk,
        best=best.variables if best else None,
        best_step=best.step if best else None,
    )


def _saved_shape(state: PyTree) -> PyTree:
    return jax.eval_shape(_saved, state)


__all__: list[Any] = ["Cost", "Job", "Trained", "cost", "evaluator", "train"]
