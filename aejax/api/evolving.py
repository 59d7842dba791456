"""`fit_pbt`: hyper-parameters that change as members train, by population-based training."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from aejax.api.population import FittedPopulation
from aejax.api.searching import (
    Found,
    contest_of,
    facts_of,
    job_of,
    search_of,
    space_facts,
)
from aejax.api.training import members_of
from aejax.data.scaling import Scale
from aejax.errors import check_integer
from aejax.search.pbt import Change, evolve
from aejax.search.rungs import held
from aejax.search.space import Dimension, check_space, points
from aejax.train.compile import in_float32
from aejax.types import Autoencoder


@in_float32
def fit_pbt(
    model: Autoencoder,
    x: Any,
    space: Mapping[str, Dimension],
    *,
    condition: Any = None,
    members: int = 16,
    steps: int = 2000,
    every: int | None = None,
    quantile: float = 0.25,
    resample: float = 0.25,
    factor: float = 1.2,
    sampler: str = "sobol",
    workdir: str | os.PathLike[str] | None = None,
    valid: Any = 0.1,
    metric: str = "mse_per_image",
    hp: Mapping[str, float] | None = None,
    batch_size: int = 128,
    seed: int = 0,
    optimizer: str = "adam",
    schedule: str = "constant",
    clip: bool = False,
    precision: str = "float32",
) -> Found:
    """Trains points of a space side by side; the worst go on from changed copies of the best.

    Population-based training, Jaderberg et al. 2017, with truncation selection. What it finds is a
    schedule of hyper-parameters: `trials[0]["schedule"]` is that of the best model.

    Args:
      model: from `aejax.models`.
      x: training rows, as for `fit`.
      space: hyper-parameter -> `uniform(low, high)`, `log_uniform(low, high)` or `choice(values)`
        of `aejax.search`; such as do not change the program (`aejax.models` lists them).
      condition: as for `fit`.
      members: of the population, from the first step to the last.
      steps: of each member; schedules go by it.
      every: steps from one judgement to the next; None: a tenth of all.
      quantile: so large a part, the worst, copies variables, optimiser and point of one each of as
        many best; so does who diverged.
      resample: probability that a value of a copied point is drawn anew.
      factor: else it is multiplied or divided by this within its ends; a choice moves to the value
        listed before or after it.
      sampler: of the first points, sobol or random.
      workdir: a folder for checkpoints: called again with it, a search that was stopped or killed
        goes on where it was, and ends as an undisturbed one, bit for bit.
      valid: validation rows, or the fraction of x to hold out: what members are judged by.
      metric: of the validation rows.
      hp: of all members, what is not searched.
      seed: of the points, the changes, the weights and the batches; all members have the same.
      batch_size, optimizer, schedule, clip, precision: as for `fit`.

    Returns:
      The members in `members`, and in `trials` a dict each, the best first: `hp` (what was
      searched, as at the end), `steps`, the metric (NaN where it diverged) and `schedule`, a list
      of (step from which on, point).

    Raises:
      ConfigError: a ValueError of one line, as of `fit_search`; a quantile that is nobody.
    """
    check_space(space)
    members = check_integer("members", members, 1)
    change = Change(quantile, resample, factor)
    search = search_of(
        model, x, condition, valid, metric, hp, seed,
        (steps, batch_size, optimizer, schedule, clip, precision),
    )  # fmt: skip
    every = max(1, search.recipe.steps // 10) if every is None else check_integer("every", every, 1)
    drawn = points(space, members, sampler, search.seed)
    # A changed value may lie anywhere between the ends, or be any of a choice's.
    extremes = [(n, value) for n, each in space.items() for value in each.ends or each.values]
    job_of(search, [drawn[0] | {name: value} for name, value in extremes], every)
    job, _ = job_of(search, drawn, every)
    folder = None if workdir is None else Path(workdir)
    how = {"members": members, "every": every, "sampler": sampler, **change._asdict()}
    with held(folder, facts_of(search) | space_facts(space) | how):
        found = evolve(contest_of(search, folder), job, drawn, space, every, change, search.seed)
    last = found.rungs[-1]
    _, values = job_of(search, found.points[-1], every)
    fitted = members_of(
        model, found.trained, search.recipe, values, [search.seed] * members, Scale.of(search.rows)
    )
    order = np.argsort(last.scores, kind="stable").tolist()
    trials = [
        {
            "hp": found.points[-1][i],
            "steps": last.step,
            metric: search.sign * float(last.scores[i]) if np.isfinite(last.scores[i]) else np.nan,
            "schedule": found.lineage(i),
        }
        for i in order
    ]
    return Found(fitted[order[0]], FittedPopulation(fitted), trials, found.member_steps)
