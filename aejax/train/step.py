"""The training step: the only one in the project."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from aejax import keys
from aejax.errors import lookup
from aejax.train import optimizers, tree
from aejax.train.precision import PRECISIONS, in_precision
from aejax.types import Array, Autoencoder, Health, Hparams, Stage, TrainState, stages_of

Record = dict[str, Array]  # scalars of one step: "loss" and each term's batch mean


class Recipe(NamedTuple):
    """What is static about training: one value, one compiled program."""

    steps: int
    batch_size: int
    optimizer: str = "adam"
    schedule: str = "constant"
    clip: bool = False
    precision: str = "float32"  # of the operands of products, a name of PRECISIONS

    def hparams(self) -> dict[str, float]:
        """Returns names and defaults of the traced values that the optimiser reads."""
        lookup("precision", self.precision, PRECISIONS)
        return optimizers.hparams(self.optimizer, self.schedule, self.clip)


def hparams_of(model: Autoencoder, recipe: Recipe) -> dict[str, float]:
    """Returns names and defaults of everything that can be swept without recompiling."""
    own: dict[str, float] = {}
    for stage in stages_of(model):
        name = stage.optimizer or recipe.optimizer
        read = optimizers.hparams(name, recipe.schedule, recipe.clip)
        if "lr" in read:
            read[stage.lr] = read.pop("lr")
        # Where two stages read the same name, the run's own optimiser has the say on its default.
        own = read | own if stage.optimizer else own | read
    groups = {f"lr_{group}": own["lr"] for group in model.groups if "lr" in own}
    return own | groups | model.hparams


def _transform(model: Autoencoder, stage: Stage, recipe: Recipe, steps: int, hp: Hparams):
    groups = {prefix: f"lr_{group}" for group, prefix in model.groups.items()}
    name = stage.optimizer or recipe.optimizer
    return optimizers.make(name, recipe.schedule, recipe.clip, steps, hp, groups, stage.lr)


def _select(keep: Array, new, old):
    """Returns `new` where `keep`, else `old`; keys and integers included."""
    return jax.tree.map(lambda a, b: jnp.where(keep, a, b), new, old)


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
    return (*model.info.weights, "loss", "update")


Step = Callable[[TrainState, Hparams, Array], tuple[TrainState, Record]]


def make_step(model: Autoencoder, stage: Stage, recipe: Recipe, steps: int) -> Step:
    """Returns `step(state, hp, x [B, *shape]) -> (state, record)`, which looks at nothing.

    What is not finite is kept as well: see `guarded` for the step that looks, and train/run.py for
    when which of the two is taken.
    """

    def step(state: TrainState, hp: Hparams, x: Array) -> tuple[TrainState, Record]:
        params, extra = state.variables["params"], state.variables["extra"]
        moving, frozen = tree.split(params, stage.trainable)
        key = keys.at(state.key, "loss", state.step)

        def objective(moving):
            whole = {"params": tree.merge(params, moving, frozen), "extra": extra}
            return stage.loss(whole, hp, x, key, state.step)

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


def finite_params(state: TrainState, trainable: Any) -> Array:
    """Returns whether the parameters that a stage moves are finite, a scalar."""
    moving, _ = tree.split(state.variables["params"], trainable)
    # One number a leaf is enough: NaN and infinity survive the sum. So they do every update, which
    # adds: parameters that are finite after a chunk were finite after each of its steps.
    return jnp.isfinite(sum(jnp.sum(leaf) for leaf in moving.values()))


def guarded(step: Step, model: Autoencoder, stage: Stage) -> Step:
    """Returns `step`, looking at what it is about to keep.

    A step whose loss or new parameters are not finite leaves variables and optimiser as they were,
    now and for ever after, and writes the step and the offending term into `state.health`; in a
    population the other members go on. `state.step` counts on, so that the order of data stays
    everyone's.
    """
    names = terms_of(model)

    def looking(state: TrainState, hp: Hparams, x: Array) -> tuple[TrainState, Record]:
        new, record = step(state, hp, x)
        finite = [jnp.isfinite(record[n]) if n in record else jnp.bool_(True) for n in names[:-1]]
        # What is about to be kept, and not the gradient alone: an infinite step is no better than a
        # NaN.
        finite = jnp.stack([*finite, finite_params(new, stage.trainable)])
        ok = jnp.all(finite)
        alive = state.health.step < 0
        health = Health(
            step=jnp.where(alive & ~ok, state.step, state.health.step),
            term=jnp.where(alive & ~ok, jnp.argmin(finite), state.health.term),
        )
        keep = alive & ok
        return new._replace(
            variables=_select(keep, new.variables, state.variables),
            opt_state=_select(keep, new.opt_state, state.opt_state),
            health=health,
        ), record

    return looking
