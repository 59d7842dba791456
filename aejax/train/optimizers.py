"""Optimisers and schedules from traced hyper-parameters.

`make` is called inside the step, so that a learning rate may be one member's scalar of a
population. The structure of an optimiser's state never depends on those values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import jax.numpy as jnp
import optax

from aejax.errors import lookup
from aejax.types import Array, Hparams


class Optimizer(NamedTuple):
    """`make(hp) -> GradientTransformation` without the learning rate, and what it reads of `hp`."""

    make: Callable[[Hparams], optax.GradientTransformation]
    hparams: dict[str, float]


class Schedule(NamedTuple):
    """`factor(progress, hp) -> multiplier of lr`, with progress = step / steps in [0, 1)."""

    factor: Callable[[Array, Hparams], Array]
    hparams: dict[str, float]


OPTIMIZERS: dict[str, Optimizer] = {
    "adam": Optimizer(
        lambda hp: optax.scale_by_adam(b1=hp["b1"], b2=hp["b2"], eps=hp["eps"]),
        {"lr": 1e-3, "b1": 0.9, "b2": 0.999, "eps": 1e-8},
    ),
    "adamw": Optimizer(
        lambda hp: optax.chain(
            optax.scale_by_adam(b1=hp["b1"], b2=hp["b2"], eps=hp["eps"]),
            optax.add_decayed_weights(hp["weight_decay"]),
        ),
        {"lr": 1e-3, "b1": 0.9, "b2": 0.999, "eps": 1e-8, "weight_decay": 1e-4},
    ),
    "adagrad": Optimizer(
        lambda hp: optax.scale_by_rss(initial_accumulator_value=0.1, eps=1e-7), {"lr": 1e-2}
    ),
    "rmsprop": Optimizer(
        lambda hp: optax.scale_by_rms(decay=hp["decay"], eps=hp["eps"]),
        {"lr": 1e-3, "decay": 0.9, "eps": 1e-8},
    ),
    "sgd": Optimizer(lambda hp: optax.identity(), {"lr": 1e-1}),
    "momentum": Optimizer(
        lambda hp: optax.trace(decay=hp["momentum"]), {"lr": 1e-2, "momentum": 0.9}
    ),
}

SCHEDULES: dict[str, Schedule] = {
    "constant": Schedule(lambda t, hp: jnp.ones_like(t), {}),
    "linear": Schedule(lambda t, hp: 1 + (hp["lr_end"] - 1) * t, {"lr_end": 0.0}),
    "cosine": Schedule(
        lambda t, hp: hp["lr_end"] + (1 - hp["lr_end"]) * 0.5 * (1 + jnp.cos(jnp.pi * t)),
        {"lr_end": 0.0},
    ),
    "exponential": Schedule(lambda t, hp: hp["lr_end"] ** t, {"lr_end": 0.01}),
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
      ConfigError: an unknown optimiser or schedule.
    """
    chosen = dict(lookup("optimizer", optimizer, OPTIMIZERS).hparams)
    chosen |= lookup("schedule", schedule, SCHEDULES).hparams
    return chosen | ({"clip_norm": 1.0} if clip else {})


def make(
    optimizer: str, schedule: str, clip: bool, steps: int, hp: Hparams, groups: Mapping[str, str]
) -> optax.GradientTransformationExtraArgs:
    """Builds the transformation for one step.

    Args:
      optimizer: a name of OPTIMIZERS.
      schedule: a name of SCHEDULES; lr * factor(count / steps).
      clip: scale gradients to global norm hp["clip_norm"] first.
      steps: length of the run, or of its stage.
      hp: traced scalars.
      groups: path prefix -> hyper-parameter with that group's learning rate; "" is the default.
    """
    factor = SCHEDULES[schedule].factor

    def rate(name: str) -> Callable[[Array], Array]:
        return lambda count: -hp[name] * factor(count / steps, hp)

    def transform(name: str) -> optax.GradientTransformation:
        parts = [OPTIMIZERS[optimizer].make(hp), optax.scale_by_schedule(rate(name))]
        return optax.chain(*([optax.clip_by_global_norm(hp["clip_norm"])] if clip else []), *parts)

    if not groups:
        return optax.with_extra_args_support(transform("lr"))

    def labels(params: Mapping[str, object]) -> dict[str, str]:
        # Moving parameters are a flat dict of paths (train/step.py): the longest prefix decides.
        def label(path: str) -> str:
            matches = [prefix for prefix in groups if path.startswith(prefix)]
            return groups[max(matches, key=len)] if matches else "lr"

        return {path: label(path) for path in params}

    names = {"lr", *groups.values()}
    return optax.with_extra_args_support(
        optax.partition({name: transform(name) for name in names}, labels)
    )
