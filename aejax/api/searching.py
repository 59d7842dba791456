"""`fit_search`: hyper-parameters by successive halving, the members side by side in one program."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from aejax.api.fitted import Fitted
from aejax.api.population import FittedPopulation
from aejax.api.training import members_of, recipe_of, split
from aejax.data.dataset import fingerprint
from aejax.data.rows import rows_for
from aejax.data.scaling import Scale
from aejax.errors import ConfigError, check_integer, lookup
from aejax.evaluate.members import evaluator
from aejax.results.rows import HIGHER_IS_BETTER
from aejax.search.halving import Searched, halve, rungs_of
from aejax.search.rungs import Contest, held
from aejax.search.space import Dimension, check_space, points
from aejax.train.compile import in_float32
from aejax.train.plan import Job, plan_of
from aejax.train.programs import measured
from aejax.train.recipe import Recipe, resolve_hparams
from aejax.types import Autoencoder


class Search(NamedTuple):
    """What all points of a search share.

    `sign` times a metric is lower where it is better.
    """

    model: Autoencoder
    rows: Any
    valid: Any
    recipe: Recipe
    metric: str
    sign: int
    hp: Mapping[str, float]
    seed: int


class Found(NamedTuple):
    """What a search has found.

    Args:
      best: the model with the best score of the last rung.
      members: all that reached it.
      trials: a dict a point: `hp` (what was searched), `steps` and the metric where it ended (NaN
        where it diverged), the best first.
      member_steps: steps of all members together.
    """

    best: Fitted
    members: FittedPopulation
    trials: list[dict[str, Any]]
    member_steps: int

    def __repr__(self) -> str:
        first, *_ = self.trials
        return f"Found of {len(self.trials)} points, {self.member_steps} member-steps: {first}"


@in_float32
def fit_search(
    model: Autoencoder,
    x: Any,
    space: Mapping[str, Dimension],
    *,
    condition: Any = None,
    members: int = 27,
    steps: int = 2000,
    eta: int | None = 3,
    least: int | None = None,
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
    """Trains points of a space side by side and stops the worse ones at rungs.

    Jamieson & Talwalkar 2016, algorithm 1; one bracket of Hyperband (Li et al. 2018).

    Args:
      model: from `aejax.models`.
      x: training rows, as for `fit`.
      space: hyper-parameter -> `uniform(low, high)`, `log_uniform(low, high)` or `choice(values)`
        of `aejax.search`; such as do not change the program (`aejax.models` lists them).
      condition: as for `fit`.
      members: points to begin with.
      steps: of those that are never stopped; schedules go by it.
      eta: one in so many goes on at a rung; None: all train to the end.
      least: steps of the first rung, each next one `eta` times as far; None: two rungs.
      sampler: of the points, sobol or random.
      workdir: a folder for the rungs' checkpoints: called again with it, a search that was stopped
        or killed goes on where it was, and ends as an undisturbed one, bit for bit.
      valid: validation rows, or the fraction of x to hold out: what rungs are judged by.
      metric: of the validation rows.
      hp: of all members, what is not searched.
      seed: of the points, the weights and the batches; all members have the same.
      batch_size, optimizer, schedule, clip, precision: as for `fit`.

    Raises:
      ConfigError: a ValueError of one line: a name that the model does not read (an argument of the
        builder makes another program: sweep it by a grid), a point beyond its range, a metric that
        is not measured, no validation rows, a first rung not before the end, a workdir of another
        search or in use.
    """
    check_space(space)
    search = search_of(
        model, x, condition, valid, metric, hp, seed,
        (steps, batch_size, optimizer, schedule, clip, precision),
    )  # fmt: skip
    recipe = search.recipe
    if least is None:
        rungs = 1 if eta is None else check_integer("eta", eta, 2) ** 2
        least = max(1, recipe.steps // rungs)
    rungs_of(members, recipe.steps, least, eta)  # said before anything is computed
    drawn = points(space, members, sampler, search.seed)
    folder = None if workdir is None else Path(workdir)
    how = {"members": members, "eta": eta, "least": least, "sampler": sampler}
    with held(folder, facts_of(search) | space_facts(space) | how):
        found, population = trained_points(search, drawn, least, eta, folder)
    last, sign = found.rungs[-1], search.sign
    ended: dict[int, dict[str, Any]] = {}
    for rung in found.rungs:
        for i, value in zip(rung.members, rung.scores, strict=True):
            shown = sign * float(value) if np.isfinite(value) else float("nan")
            ended[int(i)] = {"hp": drawn[i], "steps": rung.step, metric: shown}
    order = sorted(ended, key=lambda i: (-ended[i]["steps"], *_worst(sign * ended[i][metric])))
    best = population[int(np.argmin(last.scores))]
    return Found(best, FittedPopulation(population), [ended[i] for i in order], found.member_steps)


def search_of(
    model: Autoencoder,
    x: Any,
    condition: Any,
    valid: Any,
    metric: str,
    hp: Mapping[str, float] | None,
    seed: Any,
    recipe: tuple[int, int, str, str, bool, str],
) -> Search:
    """Returns what all points of a search share.

    Args:
      model, x, condition, valid, metric, hp, seed: as for `fit_search`.
      recipe: steps, batch_size, optimizer, schedule, clip, precision.

    Raises:
      ConfigError: no validation rows, or as `recipe_of`.
    """
    rows, held = split(rows_for(model, x, condition=condition), valid, model)
    if held is None:
        raise ConfigError("valid=None judges no rung or trial. Allowed: rows, or a fraction of x.")
    made = recipe_of(model, *recipe, rows)
    sign = -1 if metric.endswith(HIGHER_IS_BETTER) else 1
    return Search(model, rows, held, made, metric, sign, hp or {}, check_integer("seed", seed, 0))


def facts_of(search: Search) -> dict[str, Any]:
    """Returns what makes a search this one, as JSON."""
    made = search.model.info.made
    leaves = jax.tree.leaves((search.rows, search.valid))
    return {
        "model": search.model.info.name,
        "args": repr(sorted(made.args.items())) if made else None,
        "metric": search.metric,
        **search.recipe._asdict(),
        "hp": dict(search.hp),
        "seed": search.seed,
        "data": fingerprint(np.asarray(leaf) for leaf in leaves),
    }


def space_facts(space: Mapping[str, Dimension]) -> dict[str, Any]:
    """Returns a space, as JSON."""
    return {"space": {name: dimension.text for name, dimension in space.items()}}


def contest_of(search: Search, folder: Path | None = None) -> Contest:
    """Returns by what members are judged at rungs."""
    score = lambda found: search.sign * lookup("metric", search.metric, found)
    return Contest(search.rows, search.valid, evaluator, score, folder)


def trained_points(
    search: Search,
    drawn: Sequence[Mapping[str, Any]],
    least: int,
    eta: int | None,
    folder: Path | None = None,
) -> tuple[Searched, list[Fitted]]:
    """Trains points side by side; returns the rungs, and the members of the last.

    Raises:
      ConfigError: as `job_of` and `halve`.
    """
    job, values = job_of(search, drawn, least)
    found = halve(contest_of(search, folder), job, least, eta)
    kept = [values[i] for i in found.rungs[-1].members]
    seeds = [search.seed] * len(kept)
    scale = Scale.of(search.rows)
    return found, members_of(search.model, found.trained, search.recipe, kept, seeds, scale)


def job_of(
    search: Search, drawn: Sequence[Mapping[str, Any]], least: int
) -> tuple[Job, list[dict[str, float]]]:
    """Returns the population of points, and all that each of its members is set to.

    Raises:
      ConfigError: a name that the model does not read, a point beyond its range, or a metric that
        is not measured.
    """
    model, recipe = search.model, search.recipe
    facts = {"num_data": len(search.rows)}
    values = [resolve_hparams(model, recipe, {**search.hp, **p}, facts) for p in drawn]
    job = Job(
        model=model,
        recipe=recipe,
        hp={n: np.array([each[n] for each in values], np.float32) for n in values[0]},
        seeds=np.full(len(values), search.seed, np.int32),
        every=least,
    )
    lookup("metric", search.metric, _measured(job, search.rows, search.valid))
    return job, values


def _measured(job: Job, rows: Any, held: Any) -> dict[str, Any]:
    """Returns what a rung measures, by tracing alone."""
    members = measured(plan_of(job, rows).stages[-1].members)
    return jax.eval_shape(jax.vmap(evaluator(job.model), (0, None)), members, held)


def _worst(value: float) -> tuple[bool, float]:
    """NaN after all numbers."""
    return bool(np.isnan(value)), value
