"""`fit_study`: hyper-parameters by Optuna, a batch of its trials being a population of ours."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from aejax.api.fitted import Fitted
from aejax.api.searching import Search, facts_of, job_of, search_of, trained_points
from aejax.errors import ConfigError, check_integer
from aejax.search.rungs import AllDiverged
from aejax.search.space import Dimension, check_space, points
from aejax.search.study import Study, open_study
from aejax.train.compile import in_float32
from aejax.types import Autoencoder


class Studied(NamedTuple):
    """What a study has found.

    Args:
      best: the model of the best trial.
      trials: a dict a trial that has ended, this process's or another's: its `number` in the study,
        `hp` (what was searched) and the metric (NaN where it diverged), the best first.
      member_steps: steps of all members that this call trained.
      study: Optuna's own, for its plots and its dashboard.
    """

    best: Fitted
    trials: list[dict[str, Any]]
    member_steps: int
    study: Any

    def __repr__(self) -> str:
        return f"Studied of {len(self.trials)} trials: {self.trials[0]}"


@in_float32
def fit_study(
    model: Autoencoder,
    x: Any,
    space: Mapping[str, Dimension],
    *,
    condition: Any = None,
    trials: int = 64,
    members: int = 16,
    steps: int = 2000,
    storage: str | os.PathLike[str] | None = None,
    name: str = "aejax",
    sampler: Any = None,
    valid: Any = 0.1,
    metric: str = "mse_per_image",
    hp: Mapping[str, float] | None = None,
    batch_size: int = 128,
    seed: int = 0,
    optimizer: str = "adam",
    schedule: str = "constant",
    clip: bool = False,
    precision: str = "float32",
) -> Studied:
    """Trains batches of points that Optuna asks for, until a study has so many trials.

    Called again with the same storage it goes on where the study is; several processes that call it
    work on the same study. Without a storage of its own the points are a function of the seed.

    Args:
      model: from `aejax.models`.
      x: training rows, as for `fit`.
      space: hyper-parameter -> `uniform(low, high)`, `log_uniform(low, high)` or `choice(values)`
        of `aejax.search`; such as do not change the program (`aejax.models` lists them).
      condition: as for `fit`.
      trials: of the study in all. A batch is trained whole, so there may be some more.
      members: trials of a batch, which are one compiled program; the first batch is Sobol points.
      steps: of every trial.
      storage: None for memory; a file of SQLite; one that ends in .journal, for a disk that
        machines share; or a URL, e.g. of PostgreSQL.
      name: of the study in its storage.
      sampler: of Optuna's (`optuna.samplers`); None: TPE, its dimensions together.
      valid: validation rows, or the fraction of x to hold out: what trials are judged by.
      metric: of the validation rows.
      hp: of all members, what is not searched.
      seed: of the points, the weights and the batches; all members have the same.
      batch_size, optimizer, schedule, clip, precision: as for `fit`.

    Raises:
      ConfigError: a ValueError of one line, as of `fit_search`; Optuna is not installed; a storage
        that cannot be read, or that has a study of this name of another search; all trials
        diverged.
    """
    check_space(space)
    trials, members = check_integer("trials", trials, 1), check_integer("members", members, 1)
    recipe = (steps, batch_size, optimizer, schedule, clip, precision)
    search = search_of(model, x, condition, valid, metric, hp, seed, recipe)
    job_of(search, points(space, 1), search.recipe.steps)  # before anything is asked for
    study = open_study(
        storage, name, space, facts_of(search), maximize=search.sign < 0, first=members,
        seed=search.seed, sampler=sampler,
    )  # fmt: skip
    found: dict[int, Fitted] = {}
    spent = 0
    while len(study.ended()) < trials:
        best, trained = _batch(study, search, members)
        found |= best
        spent += trained
    ended = study.ended()
    first = ended[0]
    if not np.isfinite(first.value):
        raise ConfigError(
            f"all {len(ended)} trials diverged. Allowed: a space with smaller values of lr, or "
            "clip=True."
        )
    if first.number not in found:  # another process trained it, or an earlier call
        found |= {
            first.number: trained_points(search, [first.point], search.recipe.steps, None)[1][0]
        }
    shown = [
        {
            "number": trial.number,
            "hp": trial.point,
            metric: trial.value if np.isfinite(trial.value) else float("nan"),
        }
        for trial in ended
    ]
    return Studied(found[first.number], shown, spent, study.optuna)


def _batch(study: Study, search: Search, members: int) -> tuple[dict[int, Fitted], int]:
    """Trains a batch of trials; returns its best by number, and the steps of its members."""
    asked = study.ask(members)
    try:
        drawn = [trial.point for trial in asked]
        searched, population = trained_points(search, drawn, search.recipe.steps, None)
    except AllDiverged:
        study.tell(asked, [float("nan")] * members)
        return {}, members * search.recipe.steps
    except BaseException:
        study.give_back(asked)
        raise
    scores = searched.rungs[-1].scores
    study.tell(asked, (search.sign * scores).tolist())
    best = int(np.argmin(scores))
    return {asked[best].number: population[best]}, searched.member_steps
