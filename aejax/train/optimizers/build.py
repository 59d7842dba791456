"""From names and traced values to an optax transformation.

`make` is called inside the step, so that a learning rate may be one member's scalar of a
population. The structure of an optimiser's state never depends on those values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import optax

from aejax.errors import ConfigError, lookup
from aejax.hparams import POSITIVE, HParam, by_name
from aejax.train.optimizers.schedules import SCHEDULES
from aejax.train.optimizers.table import OPTIMIZERS
from aejax.types import Array, Hparams, PyTree

CLIP = HParam("clip_norm", 1.0, POSITIVE, meaning="largest norm of a gradient")


def hparams(optimizer: str, schedule: str, clip: bool) -> dict[str, HParam]:
    """Returns, by name, what the optimiser, its schedule and the clipping read.

    Raises:
      ConfigError: an unknown optimiser or schedule, or clipping before a line search.
    """
    chosen = lookup("optimizer", optimizer, OPTIMIZERS)
    scheduled = lookup("schedule", schedule, SCHEDULES).hparams
    if not chosen.line_search:
        return by_name([*chosen.hparams, *scheduled, *([CLIP] if clip else [])])
    if clip:
        raise ConfigError(
            f"clip=True does not go with optimizer={optimizer!r}: a line search needs the gradient "
            "as it is. Allowed: clip=False, or an optimiser with a learning rate."
        )
    return by_name(chosen.hparams)


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
      clip: scale gradients to norm hp["clip_norm"] first: the norm of all parameters, or, where a
        model has groups (two players), of each group by itself.
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
