"""The training step: the only one in the project."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax

from aejax import keys
from aejax.train import optimizers, tree
from aejax.train.recipe import Recipe
from aejax.train.traces.precision import in_precision
from aejax.types import Array, Autoencoder, Health, Hparams, Stage, TrainState

Record = dict[str, Array]  # scalars of one step: "loss" and each term's batch mean
Step = Callable[[TrainState, Hparams, Array], tuple[TrainState, Record]]


def _transform(model: Autoencoder, stage: Stage, recipe: Recipe, steps: int, hp: Hparams):
    groups = {prefix: f"lr_{group}" for group, prefix in model.groups.items()}
    name = stage.optimizer or recipe.optimizer
    made = optimizers.make(name, recipe.schedule, recipe.clip, steps, hp, groups, stage.lr)
    return optimizers.still(made)


def first_keys(seeds: Any) -> Array:
    """Returns the keys of runs with these seeds: typed keys [P] of int32 [P]."""
    return jax.vmap(jax.random.key)(jnp.asarray(seeds))


def init_state(model: Autoencoder, seed: Array, x: Array) -> TrainState:
    """Returns the state before the first stage, a function of the seed alone.

    Args:
      model: the autoencoder.
      seed: int32 scalar, traced.
      x: one batch [B, *shape], for shapes only.
    """
    key = jax.random.key(seed)
    variables = model.init(keys.stream(key, "init"), x)
    fine = Health(step=jnp.int32(-1), term=jnp.int32(-1))
    return TrainState(jnp.int32(0), variables, (), key, fine)


def enter_stage(
    model: Autoencoder, stage: Stage, recipe: Recipe, steps: int, state: TrainState, hp: Hparams
) -> TrainState:
    """Returns the state at the first step of a stage: variables transformed, a fresh optimiser."""
    variables = state.variables
    if stage.enter:
        variables = stage.enter(variables, keys.at(state.key, "enter", state.step))
    moving, _ = tree.split(variables["params"], stage.trainable)
    opt_state = _transform(model, stage, recipe, steps, hp).init(moving)
    return state._replace(variables=variables, opt_state=opt_state)


def terms_of(model: Autoencoder) -> tuple[str, ...]:
    """Returns the names that `Health.term` indexes; the last stands for the parameters."""
    return (*model.info.terms, "loss", "update")


def make_step(model: Autoencoder, stage: Stage, recipe: Recipe, steps: int) -> Step:
    """Returns `step(state, hp, x [B, *shape]) -> (state, record)`.

    It does not check for non-finite values: see `guarded` for the step that does, and
    `Programs.advance` for when each of the two runs.

    Args:
      model: the autoencoder.
      stage: whose loss and trainable parameters.
      recipe: the run's.
      steps: of the stage, for schedules.
    """

    def step(state: TrainState, hp: Hparams, x: Array) -> tuple[TrainState, Record]:
        params, extra = state.variables["params"], state.variables["extra"]
        moving, frozen = tree.split(params, stage.trainable)
        key = keys.at(state.key, "loss", state.step)

        def objective(moving):
            variables = {"params": tree.merge(params, moving, frozen), "extra": extra}
            return stage.loss(variables, hp, x, key, state.step)

        gradient = in_precision(jax.value_and_grad(objective, has_aux=True), recipe.precision)
        (loss, aux), grads = gradient(moving)
        tx = _transform(model, stage, recipe, steps, hp)
        updates, opt_state = tx.update(
            grads,
            state.opt_state,
            moving,
            value=loss,
            grad=grads,
            value_fn=lambda m: objective(m)[0],
        )
        moved: Any = optax.apply_updates(moving, updates)
        return state._replace(
            step=state.step + 1,
            variables={"params": tree.merge(params, moved, frozen), "extra": aux.extra},
            opt_state=opt_state,
        ), {name: jnp.mean(value) for name, value in aux.terms.items()} | {"loss": loss}

    return step


def finite_params(state: TrainState, stage: Stage) -> Array:
    """Returns whether the parameters that a stage trains are finite, a scalar."""
    moving, _ = tree.split(state.variables["params"], stage.trainable)
    # One number a leaf is enough: NaN and infinity survive the sum. They survive every update as
    # well, which adds: parameters that are finite after a chunk were finite after each step of it.
    return jnp.isfinite(sum(jnp.sum(leaf) for leaf in moving.values()))


def guarded(step: Step, model: Autoencoder, stage: Stage) -> Step:
    """Returns `step`, made to reject non-finite updates.

    From the first step whose loss, terms or new parameters are not finite, a member's variables and
    optimiser stay as they were before it; `state.health` holds that step and the offending term. In
    a population the other members go on. `state.step` counts on, so that the order of the data
    stays the same for all.
    """
    names = terms_of(model)

    def checked(state: TrainState, hp: Hparams, x: Array) -> tuple[TrainState, Record]:
        new, record = step(state, hp, x)
        finite = [jnp.isfinite(record[n]) if n in record else jnp.bool_(True) for n in names[:-1]]
        # The new parameters, not the gradient: an infinite step is no better than a NaN.
        finite = jnp.stack([*finite, finite_params(new, stage)])
        ok = jnp.all(finite)
        alive = state.health.step < 0
        health = Health(
            step=jnp.where(alive & ~ok, state.step, state.health.step),
            term=jnp.where(alive & ~ok, jnp.argmin(finite), state.health.term),
        )
        keep = alive & ok
        select = lambda new, old: jax.tree.map(lambda a, b: jnp.where(keep, a, b), new, old)
        return new._replace(
            variables=select(new.variables, state.variables),
            opt_state=select(new.opt_state, state.opt_state),
            health=health,
        ), record

    return checked
