"""Population-based training (PBT): at each rung the worst members go on from copies of the best.

Jaderberg et al. 2017, with truncation selection; all members are at one step. The population keeps
its size, so that all of the search is one compiled program.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from aejax.errors import ConfigError, check_integer, check_number
from aejax.search.rungs import Contest, Rung, to_rung
from aejax.search.space import Dimension, perturb
from aejax.train import population
from aejax.train.plan import Job, check_until, plan_of
from aejax.train.run import Trained

Point = Mapping[str, Any]


class Change(NamedTuple):
    """How members learn from each other.

    Args:
      quantile: so large a part of the members, the worst, copies one each of as many best.
      resample: probability that a copy's hyper-parameter is drawn anew.
      factor: else it is multiplied or divided by this, each as likely.
    """

    quantile: float = 0.25
    resample: float = 0.25
    factor: float = 1.2


class Evolved(NamedTuple):
    """The rungs, and the members as trained.

    Args:
      rungs: from the first to the last.
      points: of each rung, the points [P] with which the members came to it.
      parents: of each rung but the last, whom each member [P] goes on from: itself, or a better.
      trained: the population at the end.
      member_steps: steps of all members together.
    """

    rungs: tuple[Rung, ...]
    points: tuple[tuple[Point, ...], ...]
    parents: tuple[np.ndarray, ...]
    trained: Trained
    member_steps: int

    def lineage(self, member: int) -> list[tuple[int, Point]]:
        """Returns (step from which on, point) of what a member at the end has come through."""
        begins = [0, *(rung.step for rung in self.rungs[:-1])]
        found, at = [(begins[-1], self.points[-1][member])], member
        for i in reversed(range(len(self.parents))):
            at = int(self.parents[i][at])
            found.append((begins[i], self.points[i][at]))
        whole = found[::-1]
        return [whole[0]] + [b for a, b in pairwise(whole) if a[1] != b[1]]


def check_change(change: Change, members: int) -> Change:
    """Returns the change.

    Raises:
      ConfigError: a value beyond its range, or a part of the members that is nobody.
    """
    quantile = check_number("quantile", change.quantile)
    if not 0 < quantile <= 0.5 or int(quantile * members) < 1:
        raise ConfigError(
            f"quantile={quantile:g} of members={members} are {int(quantile * members)} members. "
            "Allowed: at most 0.5, and one member or more."
        )
    resample, factor = (
        check_number("resample", change.resample),
        check_number("factor", change.factor),
    )
    if not 0 <= resample <= 1:
        raise ConfigError(f"resample={resample:g} is no probability. Allowed: 0 to 1.")
    if factor <= 1:
        raise ConfigError(f"factor={factor:g} changes nothing. Allowed: above 1.")
    return Change(quantile, resample, factor)


def parents_of(scores: np.ndarray, quantile: float, rng: np.random.Generator) -> np.ndarray:
    """Returns whom each member [P] goes on from.

    The worst part copies one of the best part each, drawn at random; so do all that diverged.

    Args:
      scores: lower is better, inf: diverged; one or more are finite.
      quantile: the part.
      rng: of the draws.
    """
    parents = np.arange(len(scores))
    count = int(quantile * len(scores))
    order = np.argsort(scores, kind="stable")
    best = [i for i in order[:count] if np.isfinite(scores[i])]
    worst = {*order[-count:].tolist(), *np.flatnonzero(~np.isfinite(scores)).tolist()} - {*best}
    for i in sorted(worst):
        parents[i] = rng.choice(best)
    return parents


def evolve(
    contest: Contest,
    job: Job,
    drawn: Sequence[Point],
    space: Mapping[str, Dimension],
    every: int,
    change: Change,
    seed: int,
) -> Evolved:
    """Trains a population whose members copy each other.

    Args:
      contest: rows, scores and the folder of the rungs.
      job: all members; its `every` is replaced.
      drawn: the points that they begin with, which `job.hp` has.
      space: that these are of.
      every: steps from rung to rung; the last one is the end.
      change: how they learn from each other.
      seed: of copies and changes.

    Raises:
      ConfigError: as `train` and `to_rung`; a rung that is no validation point, as a model of
        several stages may have.
    """
    steps = job.recipe.steps
    every = check_integer("every", every, 1)
    if every >= steps:
        raise ConfigError(f"every={every} is no rung before steps={steps}. Allowed: below steps.")
    change = check_change(change, len(job.seeds))
    stops = [*range(every, steps, every), steps]
    whole = plan_of(job._replace(every=every), contest.table)
    for step in stops:  # said before anything is computed
        check_until(whole, step)
    members, state = np.arange(len(job.seeds)), None
    hp = {name: np.array(values) for name, values in job.hp.items()}
    rungs, points, parents = [], [tuple(drawn)], []
    for step in stops:
        trained, scores = to_rung(contest, job._replace(hp=hp, every=every), step, state)
        rungs.append(Rung(step, members, scores))
        if step == steps:
            break
        rng = np.random.default_rng([seed, step])
        chosen = parents_of(scores, change.quantile, rng)
        new = [
            point if parent == i else _changed(points[-1][parent], space, change, rng)
            for i, (point, parent) in enumerate(zip(points[-1], chosen.tolist(), strict=True))
        ]
        # A member's key, and so its order of rows, stays its own.
        state = population.gathered(trained.state, chosen)._replace(key=trained.state.key)
        hp = {name: values[chosen] for name, values in hp.items()}
        hp |= {name: np.array([p[name] for p in new], np.float32) for name in space}
        points.append(tuple(new))
        parents.append(chosen)
    return Evolved(tuple(rungs), tuple(points), tuple(parents), trained, steps * len(members))


def _changed(
    point: Point, space: Mapping[str, Dimension], change: Change, rng: np.random.Generator
) -> Point:
    return {
        name: perturb(dimension, point[name], change.resample, change.factor, rng)
        for name, dimension in space.items()
    }
