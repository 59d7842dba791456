"""Trained models among which validation rows choose: every setting of a grid, with every seed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from aejax.api.fitted import Fitted
from aejax.api.training import fit_population
from aejax.baselines.choosing import Setting, named, settings
from aejax.types import Autoencoder

NOTHING: Mapping[str, Any] = MappingProxyType({})


def candidates(
    build: Callable[[Setting], Autoencoder],
    x: np.ndarray,
    seeds: Sequence[int],
    *,
    grid: Mapping[str, Sequence[Any]] = NOTHING,
    hp: Mapping[str, Sequence[float]] = NOTHING,
    fixed: Mapping[str, float] = NOTHING,
    steps: int,
    batch_size: int = 128,
) -> dict[tuple[str, int], Fitted]:
    """Trains a model for every setting and seed.

    What `hp` and the seeds vary is one population; what `grid` varies is a program each.

    Args:
      build: the model, given the arguments that vary.
      x: training rows, as for `fit`.
      seeds: one model each.
      grid: argument -> its values.
      hp: hyper-parameter -> its values.
      fixed: hyper-parameters of all; `lr` is .001 where it is not named.
      steps, batch_size: as for `fit`; a batch is no larger than the rows.

    Returns:
      (`named` of what varies, seed) -> the trained model, settings in the order of the grids.
    """
    found: dict[tuple[str, int], Fitted] = {}
    every = {**hp, **{name: [value] for name, value in {"lr": 1e-3, **fixed}.items()}}
    for arguments in settings(grid):
        members = fit_population(
            build(arguments), x, seeds=seeds, hp=every, steps=steps,
            batch_size=min(batch_size, len(x)), progress=False,
        )  # fmt: skip
        which = [(values, seed) for values in settings(hp) for seed in seeds]
        for (values, seed), member in zip(which, members, strict=True):
            found[named({**arguments, **values}), seed] = member
    return found
