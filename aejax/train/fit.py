"""`aejax.fit`: one autoencoder on an array of the user's own."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from math import prod
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from aejax.data.checks import as_images
from aejax.errors import ConfigError, check_at_least
from aejax.train import population
from aejax.train.loop import steps_per_epoch
from aejax.train.plan import Job
from aejax.train.recipe import Recipe, resolve_hparams
from aejax.train.run import train
from aejax.train.step import terms_of
from aejax.types import Array, Autoencoder, Variables


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


def check_support(model: Autoencoder, x: np.ndarray | Array, field: str = "x") -> None:
    """Raises ConfigError where the values are outside the support of the model's likelihood."""
    low, high = model.info.likelihood.support
    if model.info.likelihood.whole and (x.dtype == jnp.uint8 or not (x == np.round(x)).all()):
        raise ConfigError(
            f"{field} holds {x.dtype} values that are no ids (uint8 is scaled to [0, 1] on the "
            f"device), but likelihood={model.info.likelihood.name!r} takes tokens. "
            f"Allowed: whole numbers from {low:g} to {high:g} as int32 or float32."
        )
    if x.dtype == jnp.uint8:
        return  # scaled to [0, 1] on the device
    least, most = float(x.min()), float(x.max())
    if least >= low and most <= high:
        return
    scale = "Divide by 255, or pass uint8." if least >= 0 and 1 < most <= 255 else "Rescale it."
    raise ConfigError(
        f"{field} has values from {least:.6g} to {most:.6g}, outside the support "
        f"[{low:g}, {high:g}] of likelihood={model.info.likelihood.name!r}. {scale} "
        "Allowed for any real values: likelihood='gaussian', 'gaussian_learned' or 'laplace'."
    )


def as_table(model: Autoencoder, x: Any, field: str = "x") -> np.ndarray:
    """Returns the user's rows as the model takes them: [N, *model.info.shape], uint8 or float32.

    Raises:
      ConfigError: no numbers, empty, NaN (says where), the wrong shape, or outside the support.
    """
    rows = as_images(x, field)
    shape = model.info.shape
    if rows.shape[1:] != shape:
        if prod(rows.shape[1:]) != prod(shape):
            raise ConfigError(
                f"{field} has examples of shape {rows.shape[1:]}, the model takes {shape}. "
                f"Allowed: [N, {prod(shape)}] or [N, {', '.join(map(str, shape))}]."
            )
        rows = rows.reshape(len(rows), *shape)
    check_support(model, rows, field)
    return rows


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
    table = as_table(model, x)
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
