"""`aejax.fit`: one autoencoder on an array of the user's own."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from aejax.data.rows import rows_for
from aejax.errors import ConfigError, check_at_least, nearest
from aejax.hparams import check_range
from aejax.train import population
from aejax.train.loop import steps_per_epoch
from aejax.train.run import Job, train
from aejax.train.step import Recipe, hparams_of, terms_of
from aejax.types import Autoencoder, Variables


class Fit(NamedTuple):
    """A trained autoencoder: `model.encode(fit.variables, x)` and so on.

    `history` holds "step" [T] and the batch mean of the loss and of each term [T]; `diverged` is
    None, or the step and the term that stopped training.
    """

    variables: Variables
    step: int
    hp: dict[str, float]
    history: dict[str, np.ndarray]
    diverged: tuple[int, str] | None


def resolve_hparams(
    model: Autoencoder,
    recipe: Recipe,
    given: Mapping[str, float],
    facts: Mapping[str, float] | None = None,
) -> dict[str, float]:
    """Returns every traced hyper-parameter's value: the defaults, replaced by those given.

    Args:
      model: the autoencoder.
      recipe: how it is trained.
      given: what the user has set.
      facts: what is known of the data, for models that ask for it by name: `num_data`, the number
        of training rows. It replaces a default, and yields to what is given.

    Raises:
      ConfigError: a name that the model does not read, or a value outside its range.
    """
    allowed = hparams_of(model, recipe)
    symbols = {symbol: name for name, symbol in model.info.symbols.items()}
    for name, value in given.items():
        if name not in allowed:
            meant = (
                f" Did you mean {symbols[name]!r}?" if name in symbols else nearest(name, allowed)
            )
            raise ConfigError(
                f"hp.{name}={value!r}: model {model.info.name!r} reads no such hyper-parameter."
                f"{meant} Allowed: {', '.join(sorted(allowed))}."
            )
    known = {name: value for name, value in (facts or {}).items() if name in allowed}
    values = {**allowed, **known, **given}
    for name, value in values.items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ConfigError(f"hp.{name}={value!r} is no number. Allowed: a finite number.")
        check_range(name, value, model.info.ranges)
    return {name: float(value) for name, value in values.items()}


def fit(
    model: Autoencoder,
    x: Any,
    *,
    steps: int = 2000,
    batch_size: int = 128,
    seed: int = 0,
    hp: Mapping[str, float] | None = None,
    optimizer: str = "adam",
    schedule: str = "constant",
    clip: bool = False,
    precision: str = "float32",
) -> Fit:
    """Trains one autoencoder on an array.

    Args:
      model: from `aejax.models`.
      x: NumPy or JAX array, [N, D], [N, H, W] or [N, H, W, C]; uint8 is scaled to [0, 1], floats
        are taken as they are.
      steps: training steps.
      batch_size: examples a step.
      seed: of the weights, the order of the data and all noise.
      hp: hyper-parameters that differ from `model.hparams` and the optimiser's defaults.
      optimizer: a name of OPTIMIZERS.
      schedule: a name of SCHEDULES.
      clip: clip gradients to the global norm hp["clip_norm"].
      precision: of the operands of products, a name of PRECISIONS; sums are float32.

    Returns:
      A Fit. Training that diverged stops at its last good variables and warns.

    Raises:
      ConfigError: a ValueError of one line: a wrong name, shape, value or range.
    """
    table = rows_for(model, x)
    for name, value in (("steps", steps), ("batch_size", batch_size)):
        check_at_least(name, value, 1)
    steps_per_epoch(len(table), batch_size)
    recipe = Recipe(int(steps), int(batch_size), optimizer, schedule, clip, precision)
    values = resolve_hparams(model, recipe, hp or {}, {"num_data": len(table)})
    job = Job(
        model=model,
        recipe=recipe,
        hp={name: np.array([value], np.float32) for name, value in values.items()},
        seeds=np.array([seed], np.int32),
        every=int(steps),
        executor="loop",
    )
    trained = train(job, table)
    health = population.member(trained.state.health, 0)
    diverged = None
    if int(health.step) >= 0:
        diverged = int(health.step), terms_of(model)[int(health.term)]
        warnings.warn(
            f"training diverged at step {diverged[0]} in {diverged[1]!r}; the variables are those "
            "of the step before. A lower lr, or clip=True, may help.",
            stacklevel=2,
        )
    return Fit(
        variables=population.member(trained.state.variables, 0),
        step=int(steps),
        hp=values,
        history={"step": trained.curve_step} | {n: c[0] for n, c in trained.curves.items()},
        diverged=diverged,
    )
