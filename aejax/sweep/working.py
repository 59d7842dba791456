"""One worker of many: it trains populations that nobody has, until none is missing."""

from __future__ import annotations

import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from rich.console import Console

from aejax.errors import one_line
from aejax.results import claims, planned
from aejax.results.shared import Shared, Superseded
from aejax.sweep.execute import planned_of, run_group
from aejax.sweep.growth import batch_of, to_train
from aejax.sweep.keeping import policy
from aejax.sweep.lost import lost
from aejax.sweep.plan import SweepPlan
from aejax.sweep.progress import Report
from aejax.sweep.spec import Group
from aejax.trackers import Tracking
from aejax.train import compile as compiler

POLL_SECONDS = 0.5  # between two looks at populations that others train


class Missing(NamedTuple):
    """A population to train: of which group of the plan, and whether for its files alone."""

    part: Group
    of: str
    again: bool


class Worked(NamedTuple):
    """What a worker leaves.

    Attributes:
      groups: populations that it has trained.
      failed: those that nobody can train, with the reasons; the next start tries them again.
      left: whether others still train.
    """

    groups: int
    failed: dict[str, str]
    left: bool


def _missing(plan: SweepPlan, shared: Shared, kept: bool) -> Iterator[Missing]:
    for group in plan.groups:
        for part in to_train(group, shared):
            yield Missing(part, group.id, False)
        if plan.config.remake:
            for one in lost((group,), shared, kept):
                yield Missing(one.part, one.of, True)


@compiler.in_float32
def work(
    plan: SweepPlan,
    workdir: Path,
    console: Console,
    only: str | None = None,
    wait: bool = True,
    tracking: Tracking | None = None,
) -> Worked:
    """Trains what is missing of a plan and nobody else trains.

    Any number of processes, on any machines that see the directory, may do so at the same time.

    Args:
      plan: of the sweep.
      workdir: of the sweep.
      console: where to say what is done.
      only: the group of the plan to train, and no other.
      wait: stay while others train, to take over from one that dies.
      tracking: who else is told; closed at the end.

    Raises:
      ConfigError: the work directory's rows contradict the config, or one process has it alone.
    """
    kept = policy(plan) != "none"
    tracking = tracking or Tracking()
    shared = Shared(workdir, plan.owner)
    trained = 0
    try:
        planned.write(shared.workdir, planned_of(plan))
        with tracking, Report(0, 0, console, shared.pulse) as report:
            while True:
                shared.refresh()
                failed, held = claims.failures(workdir), claims.holders(workdir)
                mine, others = None, False
                for one in _missing(plan, shared, kept):
                    if one.part.id in failed or only not in (None, one.of):
                        continue
                    others = True
                    if shared.take(batch_of(one.part, one.of), held, one.again):
                        mine = one
                        break
                if mine is not None:
                    trained += _train(plan, mine.part, shared, report, console, tracking)
                elif others and wait:
                    time.sleep(POLL_SECONDS)
                else:
                    return Worked(trained, failed, others)
    finally:
        shared.close()


def _train(
    plan: SweepPlan,
    part: Group,
    shared: Shared,
    report: Report,
    console: Console,
    tracking: Tracking,
) -> bool:
    """Trains a population; one that breaks off is noted, and the others go on.

    Raises:
      OSError: the disk is full, or another fault of this machine.
    """
    try:
        run_group(plan, part, shared, report, console, tracking)
        return True
    except Exception as error:
        # Who wakes in the middle of a checkpoint finds that the other has swept it up.
        if isinstance(error, Superseded) or not shared.claims.mine(part.id):
            console.print(f"{part.id}: this worker was silent for long; another has taken it over")
        elif isinstance(error, OSError):
            raise
        else:
            console.print("".join(traceback.format_exception(error)))
            shared.fail(part.id, f"{type(error).__name__}: {one_line(error)}")
    finally:
        shared.pulse.begin("", 0, 0)
    return False
