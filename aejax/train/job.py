"""What is to be trained, and what that takes."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from aejax.train import compile as compiler
from aejax.train import population
from aejax.train.flops import trace_flops
from aejax.train.plan import stage_steps
from aejax.train.step import Recipe, Step, enter_stage, init_state, make_step, stages_of
from aejax.types import Array, Autoencoder, PyTree


class Job(NamedTuple):
    """A population: members that share everything static."""

    model: Autoencoder
    recipe: Recipe
    hp: dict[str, Array]  # name -> float32 [P]
    seeds: Array  # int32 [P]
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


def steps_of(job: Job) -> list[Step]:
    """Returns the step of each stage, to be traced once for its cost and for its programs."""
    stages = stages_of(job.model)
    lengths = stage_steps(stages, job.recipe.steps)
    return [
        compiler.traced_once(make_step(job.model, stage, job.recipe, steps))
        for stage, steps in zip(stages, lengths, strict=True)
    ]


def cost(job: Job, table: PyTree, own: list[Step] | None = None) -> Cost:
    """Returns a member's parameters, memory and FLOPs by tracing alone.

    Args:
      job: the population.
      table: the training rows or their shapes, [N, *shape].
      own: its steps, where they are at hand.
    """
    recipe, stages = job.recipe, stages_of(job.model)
    x = jax.ShapeDtypeStruct((recipe.batch_size, *table.shape[1:]), jnp.float32)
    state = jax.eval_shape(
        lambda seed: init_state(job.model, seed, jnp.zeros(x.shape)), jnp.int32(0)
    )
    hp = one_of(job.hp)
    flops, peak = 0.0, 0
    lengths = stage_steps(stages, recipe.steps)
    for stage, steps, step in zip(stages, lengths, own or steps_of(job), strict=True):
        enter = lambda s, h, stage=stage, steps=steps: enter_stage(
            job.model, stage, recipe, steps, s, h
        )
        state = jax.eval_shape(enter, state, hp)
        trace = jax.make_jaxpr(step)(state, hp, x)
        flops += steps * trace_flops(trace)
        peak = max(peak, population.intermediate_bytes(trace))
    params = sum(int(np.prod(p.shape)) for p in jax.tree.leaves(state.variables["params"]))
    held = population.tree_bytes(state)
    return Cost(params, held, 2 * held + peak, flops)
