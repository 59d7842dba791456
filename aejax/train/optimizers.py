"""Optimisers and schedules from traced hyper-parameters.

`make` is called inside the step, so that a learning rate may be one member's scalar of a
population. The structure of an optimiser's state never depends on those values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from aejax.errors import ConfigError, lookup
from aejax.train.conjugate import conjugate_gradients
from aejax.types import Array, Hparams, PyTree


class Optimizer(NamedTuple):
    """`make(hp, steps) -> GradientTransformation` without the learning rate, and what it reads.

    `steps` is the length of the stage. One that searches lines finds its own steps: it gets no
    learning rate, no schedule and no clipping, and reads no hyper-parameter.
    """

    make: Callable[[Hparams, int], optax.GradientTransformation]
    hparams: dict[str, float]
    line_search: bool = False


class Schedule(NamedTuple):
    """`factor(progress, hp) -> multiplier of lr`, with progress = step / steps in [0, 1)."""

    factor: Callable[[Array, Hparams], Array]
    hparams: dict[str, float]


class Velocity(NamedTuple):
    """Steps so far, and the decaying sum of gradients."""

    count: Array
    trace: PyTree


class Moments(NamedTuple):
    """Adam's state: steps so far, the first moments m, and the roots of the second, sqrt(v)."""

    count: Array
    mu: PyTree
    root_nu: PyTree


def two_momenta(hp: Hparams, steps: int) -> optax.GradientTransformation:
    """Momentum hp["momentum_start"] in the first part of a stage, hp["momentum"] after it.

    The first part is hp["momentum_switch"] of the steps. Hinton & Salakhutdinov 2006 (published
    code): 0.5 in the first 5 epochs, then 0.9.
    """

    def init(params: PyTree) -> Velocity:
        return Velocity(jnp.int32(0), jax.tree.map(jnp.zeros_like, params))

    def update(updates: PyTree, state: Any, params: PyTree = None):
        early = state.count < hp["momentum_switch"] * steps
        decay = jnp.where(early, hp["momentum_start"], hp["momentum"])
        trace = jax.tree.map(lambda v, g: decay * v + g, state.trace, updates)
        return trace, Velocity(state.count + 1, trace)

    return optax.GradientTransformation(init, update)


def adam(hp: Hparams, steps: int) -> optax.GradientTransformation:
    """Adam with the bias corrections folded into two scalars. Kingma & Ba 2015, end of section 2.

    m_hat / (sqrt(v_hat) + eps) is c m / (sqrt(v) + eps') with c = sqrt(1 - b2^t) / (1 - b1^t) and
    eps' = eps sqrt(1 - b2^t): one division an element and not three, a fifth off the update's time
    on a CPU. The root of v is what is kept: it is taken in the loop over v, which waits for memory,
    and not beside the division, a tenth more (benchmarks/NOTES.md).
    """

    def init(params: PyTree) -> Moments:
        zeros = jax.tree.map(jnp.zeros_like, params)
        return Moments(jnp.int32(0), zeros, jax.tree.map(jnp.zeros_like, params))

    def update(updates: PyTree, state: Any, params: PyTree = None):
        b1, b2 = hp["b1"], hp["b2"]
        mu = jax.tree.map(lambda m, g: b1 * m + (1 - b1) * g, state.mu, updates)
        root_nu = jax.tree.map(
            lambda root, g: jnp.sqrt(b2 * root * root + (1 - b2) * g * g), state.root_nu, updates
        )
        count = state.count + 1
        correction = jnp.sqrt(1 - b2**count)
        scale, eps = correction / (1 - b1**count), hp["eps"] * correction
        directions = jax.tree.map(lambda m, root: scale * m / (root + eps), mu, root_nu)
        return directions, Moments(count, mu, root_nu)

    return optax.GradientTransformation(init, update)


OPTIMIZERS: dict[str, Optimizer] = {
    "adam": Optimizer(
        adam,
        {"lr": 1e-3, "b1": 0.9, "b2": 0.999, "eps": 1e-8},
    ),
    "adamw": Optimizer(
        lambda hp, steps: optax.chain(
            adam(hp, steps),
            optax.add_decayed_weights(hp["weight_decay"]),
        ),
        {"lr": 1e-3, "b1": 0.9, "b2": 0.999, "eps": 1e-8, "weight_decay": 1e-4},
    ),
    "adagrad": Optimizer(
        lambda hp, steps: optax.scale_by_rss(
            # A tracer is as good as a number here: it fills an array.
            initial_accumulator_value=hp["initial_accumulator"],  # pyright: ignore
            eps=1e-7,
        ),
        {"lr": 1e-2, "initial_accumulator": 0.1},
    ),
    "rmsprop": Optimizer(
        lambda hp, steps: optax.scale_by_rms(decay=hp["decay"], eps=hp["eps"]),
        {"lr": 1e-3, "decay": 0.9, "eps": 1e-8},
    ),
    "sgd": Optimizer(lambda hp, steps: optax.identity(), {"lr": 1e-1}),
    "momentum": Optimizer(
        lambda hp, steps: optax.trace(decay=hp["momentum"]), {"lr": 1e-2, "momentum": 0.9}
    ),
    "two_momenta": Optimizer(
        two_momenta,
        {"lr": 1e-1, "momentum_start": 0.5, "momentum": 0.9, "momentum_switch": 0.1},
    ),
    # For the full batch: curvature is gathered from one step to the next.
    "cg": Optimizer(lambda hp, steps: conjugate_gradients(), {}, line_search=True),
    "lbfgs": Optimizer(lambda hp, steps: optax.lbfgs(), {}, line_search=True),
    # For mini-batches: three searches on each, then a fresh start (Hinton & Salakhutdinov 2006).
    "cg_batches": Optimizer(
        lambda hp, steps: conjugate_gradients(line_searches=3, restart=True), {}, line_search=True
    ),
}


def _tripling(t: Array, stages: Array) -> Array:
    """Returns the stage 0..n-1 at progress t, where stage i has 3^i of the (3^n - 1) / 2 parts."""
    # A hair above: progress that is a stage's first step must not be rounded into the one before.
    parts = t * (3.0**stages - 1.0) * (1.0 + 1e-6) + 1.0
    return jnp.clip(jnp.floor(jnp.log(parts) / jnp.log(3.0)), 0.0, stages - 1.0)


SCHEDULES: dict[str, Schedule] = {
    "constant": Schedule(lambda t, hp: jnp.ones_like(t), {}),
    "linear": Schedule(lambda t, hp: 1 + (hp["lr_end"] - 1) * t, {"lr_end": 0.0}),
    "cosine": Schedule(
        lambda t, hp: hp["lr_end"] + (1 - hp["lr_end"]) * 0.5 * (1 + jnp.cos(jnp.pi * t)),
        {"lr_end": 0.0},
    ),
    "exponential": Schedule(lambda t, hp: hp["lr_end"] ** t, {"lr_end": 0.01}),
    # Stage i of n has 3^i parts of the steps, at lr_end^(i / (n - 1)): Burda et al. 2015, s. 5.
    "tripling": Schedule(
        lambda t, hp: hp["lr_end"] ** (_tripling(t, hp["lr_stages"]) / (hp["lr_stages"] - 1.0)),
        {"lr_end": 0.1, "lr_stages": 8.0},
    ),
    "warmup_cosine": Schedule(
        lambda t, hp: jnp.where(
            t < hp["warmup"],
            t / jnp.maximum(hp["warmup"], 1e-6),
            0.5 * (1 + jnp.cos(jnp.pi * (t - hp["warmup"]) / (1 - hp["warmup"] + 1e-6))),
        ),
        {"warmup": 0.05},
    ),
}


def hparams(optimizer: str, schedule: str, clip: bool) -> dict[str, float]:
    """Returns names and defaults of what the optimiser, its schedule and the clipping read.

    Raises:
      ConfigError: an unknown optimiser or schedule, or clipping before a line search.
    """
    chosen = lookup("optimizer", optimizer, OPTIMIZERS)
    scheduled = lookup("schedule", schedule, SCHEDULES).hparams
    if not chosen.line_search:
        return chosen.hparams | scheduled | ({"clip_norm": 1.0} if clip else {})
    if clip:
        raise ConfigError(
            f"clip=True does not go with optimizer={optimizer!r}: a line search needs the gradient "
            "as it is. Allowed: clip=False, or an optimiser with a learning rate."
        )
    return dict(chosen.hparams)


def make(
    optimizer: str,
    schedule: str,
    clip: bool,
    steps: int,
    hp: Hparams,
    groups: Mapping[str, str],
    lr: str = "lr",
) -> optax.GradientTransformationExtraArgs:
    """Builds the transformation for one step.

    Args:
      optimizer: a name of OPTIMIZERS.
      schedule: a name of SCHEDULES; lr * factor(count / steps).
      clip: scale gradients to global norm hp["clip_norm"] first.
      steps: length of the run, or of its stage.
      hp: traced scalars.
      groups: path prefix -> hyper-parameter with that group's learning rate.
      lr: the hyper-parameter with the learning rate of all others.

    Raises:
      ConfigError: a line search over parameters of which some belong to a group: the loss of a
        two-player game is no function that one line could lower for both.
    """
    if OPTIMIZERS[optimizer].line_search:
        return _alone(optimizer, OPTIMIZERS[optimizer].make(hp, steps), groups)
    factor = SCHEDULES[schedule].factor

    def rate(name: str) -> Callable[[Any], Array]:
        return lambda count: -hp[name] * factor(count / steps, hp)

    def transform(name: str) -> optax.GradientTransformation:
        parts = [OPTIMIZERS[optimizer].make(hp, steps), optax.scale_by_schedule(rate(name))]
        return optax.chain(*([optax.clip_by_global_norm(hp["clip_norm"])] if clip else []), *parts)

    if not groups:
        return optax.with_extra_args_support(transform(lr))

    def labels(params: Mapping[str, object]) -> dict[str, str]:
        # Moving parameters are a flat dict of paths (train/step.py): the longest prefix decides.
        def label(path: str) -> str:
            matches = [prefix for prefix in groups if path.startswith(prefix)]
            return groups[max(matches, key=len)] if matches else lr

        return {path: label(path) for path in params}

    names = {lr, *groups.values()}
    return optax.with_extra_args_support(
        optax.partition({name: transform(name) for name in names}, labels)
    )


def _alone(
    optimizer: str, search: optax.GradientTransformation, groups: Mapping[str, str]
) -> optax.GradientTransformationExtraArgs:
    search = optax.with_extra_args_support(search)

    def init(params: Any) -> PyTree:
        for prefix in groups:
            if any(path.startswith(prefix) for path in params):
                raise ConfigError(
                    f"optimizer={optimizer!r} searches one line for all parameters, and those "
                    f"under {prefix!r} have an objective of their own. "
                    "Allowed: an optimiser with a learning rate."
                )
        return search.init(params)

    return optax.GradientTransformationExtraArgs(init, search.update)
