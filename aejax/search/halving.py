"""Successive halving inside a population: at each rung the better part of the members goes on.

The members that are left are gathered into a smaller population, which is one more compiled
program: as many programs as rungs. A member's numbers are those that it has without the others, to
rounding.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from aejax.errors import ConfigError, check_integer
from aejax.search.rungs import Contest, Rung, to_rung
from aejax.train import population
from aejax.train.plan import Job, check_until, plan_of
from aejax.train.run import Trained


class Searched(NamedTuple):
    """The rungs, and the last members as trained.

    Args:
      rungs: from the first to the last.
      trained: the population of the last rung's members.
      member_steps: steps of all members together.
    """

    rungs: tuple[Rung, ...]
    trained: Trained
    member_steps: int


def rungs_of(members: int, steps: int, least: int, eta: int | None) -> list[tuple[int, int]]:
    """Returns (step, members that train up to it) of each rung. Jamieson & Talwalkar 2016.

    Args:
      members: to begin with.
      steps: of those that are left.
      least: steps of the first rung; each next one is `eta` times as far.
      eta: one member in so many goes on; None: all go on, and there is no rung before the end.

    Raises:
      ConfigError: eta below 2, or a first rung that is not before the end.
    """
    members, steps = check_integer("members", members, 1), check_integer("steps", steps, 1)
    if eta is None:
        return [(steps, members)]
    least, eta = check_integer("least", least, 1), check_integer("eta", eta, 2)
    if least >= steps:
        raise ConfigError(f"least={least} is no rung before steps={steps}. Allowed: below steps.")
    found = []
    while least < steps and members > 1:
        found.append((least, members))
        least, members = least * eta, math.ceil(members / eta)
    return [*found, (steps, members)]


def halve(contest: Contest, job: Job, least: int, eta: int | None = 3) -> Searched:
    """Trains a population of which one member in `eta` passes each rung.

    Args:
      contest: rows, scores and the folder of the rungs.
      job: all members; `every` is replaced by `least`.
      least, eta: as in `rungs_of`.

    Raises:
      ConfigError: as in `rungs_of` and `train`; a rung between two validation points, as a model of
        several stages may have; all members diverged.
    """
    planned = rungs_of(len(job.seeds), job.recipe.steps, least, eta)
    whole = plan_of(job._replace(every=least), contest.table)
    for step, _ in planned:  # said before anything is computed
        check_until(whole, step)
    kept, state, taken, spent, rungs = np.arange(len(job.seeds)), None, 0, 0, []
    trained: Trained | None = None
    for step, count in planned:
        if trained is not None:  # the first `count` of those before, and none that diverged
            scores = rungs[-1].scores
            order = np.argsort(scores, kind="stable")[: min(count, int(np.isfinite(scores).sum()))]
            at = np.sort(order)
            kept = kept[at]
            state = population.gathered(trained.state, at)
        some = job._replace(
            hp={name: np.asarray(values)[kept] for name, values in job.hp.items()},
            seeds=np.asarray(job.seeds)[kept],
            every=least,
        )
        trained, scores = to_rung(contest, some, step, state)
        spent += len(kept) * (step - taken)
        taken = step
        rungs.append(Rung(step, kept, scores))
    assert trained is not None
    return Searched(tuple(rungs), trained, spent)
