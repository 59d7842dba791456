"""What is to be trained, and what that takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from aejax.train import compile as compiler
from aejax.train import population
from aejax.train.flops import trace_flops
from aejax.train.segments import stage_steps
from aejax.train.step import Recipe, Step, enter_stage, init_state, make_step
from aejax.types import Array, Autoencoder, Hparams, PyTree, TrainState, stages_of


class Job(NamedTuple):
    """A population: members that share everything static."""

    model: Autoencoder
    recipe: Recipe
    hp: Mapping[str, Array | np.ndarray]  # name -> float32 [P]
    seeds: Array | np.ndarray  # int32 [P]
    every: int  # steps between validation points
    executor: str = "auto"
    memory_bytes: int | None = None


class Cost(NamedTuple):
    """What one member takes, known before anything is compiled; FLOPs are those of products."""

    param_count: int
    state_bytes: int
    member_bytes: int
    flops: float


def one_of(tree: PyTree) -> PyTree:
    """Returns the shapes of one member of a stacked tree."""
    return jax.eval_shape(lambda t: population.member(t, 0), tree)


class Parts(NamedTuple):
    """One member's functions, each traced once for all programs that it is part of, and shapes.

    `enter`, `steps` and `entered` are of each stage.
    """

    init: Callable[[Array], TrainState]
    enter: list[Callable[[TrainState, Hparams], TrainState]]
    steps: list[Step]
    x: jax.ShapeDtypeStruct  # a batch
    drawn: TrainState  # shapes after `init`
    entered: list[TrainState]  # shapes at the first step


def parts_of(job: Job, table: PyTree) -> Parts:
    """Returns what a job's programs are made of.

    Args:
      job: the population.
      table: the training rows or their shapes, [N, *shape].
    """
    model, recipe = job.model, job.recipe
    staged = list(zip(stages_of(model), stage_steps(stages_of(model), recipe.steps), strict=True))
    x = jax.ShapeDtypeStruct((recipe.batch_size, *table.shape[1:]), jnp.float32)
    init = compiler.traced_once(lambda seed: init_state(model, seed, jnp.zeros(x.shape, x.dtype)))
    enter = [
        compiler.traced_once(partial(enter_stage, model, stage, recipe, steps))
        for stage, steps in staged
    ]
    drawn = state = jax.eval_shape(init, jax.ShapeDtypeStruct((), jnp.int32))
    entered, hp = [], one_of(job.hp)
    for begin in enter:
        state = jax.eval_shape(begin, state, hp)
        entered.append(state)
    own = [compiler.traced_once(make_step(model, stage, recipe, steps)) for stage, steps in staged]
    return Parts(init, enter, own, x, drawn, entered)


def cost(job: Job, table: PyTree, parts: Parts | None = None) -> Cost:
    """Returns a member's parameters, memory and FLOPs by tracing alone.

    Args:
      job: the population.
      table: the training rows or their shapes, [N, *shape].
      parts: its functions, where they are at hand.
    """
    parts = parts or parts_of(job, table)
    hp = one_of(job.hp)
    flops, peak = 0.0, 0
    lengths = stage_steps(stages_of(job.model), job.recipe.steps)
    for state, steps, step in zip(parts.entered, lengths, parts.steps, strict=True):
        trace = jax.make_jaxpr(step)(state, hp, parts.x)
        flops += steps * trace_flops(trace)
        peak = max(peak, population.intermediate_bytes(trace))
    last = parts.entered[-1]
    params = sum(int(np.prod(p.shape)) for p in jax.tree.leaves(last.variables["params"]))
    held = population.tree_bytes(last)
    return Cost(params, held, 2 * held + peak, flops)
