"""A sweep by a launcher: what was left is folded in, workers work, their rows become one table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from rich.console import Console

from aejax.launch import local, on_ray, on_slurm
from aejax.launch.choice import Launcher
from aejax.launch.watching import Order
from aejax.results import claims, planned
from aejax.results.lock import InUse, Lock
from aejax.results.reader import read_rows
from aejax.results.store import Store, ended
from aejax.sweep.execute import Outcome, planned_of
from aejax.sweep.keeping import policy
from aejax.sweep.lost import in_words, lost
from aejax.sweep.plan import SweepPlan
from aejax.trackers import Tracking

GO = {"local": local.go, "slurm": on_slurm.go, "ray": on_ray.go}
CHECK = {"local": local.check, "slurm": on_slurm.check, "ray": on_ray.check}


class Launched(NamedTuple):
    """What a launcher leaves.

    Attributes:
      outcome: as `run` returns it; without what is still missing.
      missing: members of the plan that have no row.
      failed: populations that broke off, with the reasons.
    """

    outcome: Outcome
    missing: int
    failed: dict[str, str]


def launched(
    plan: SweepPlan,
    workdir: Path,
    console: Console,
    launcher: Launcher,
    argv: Sequence[str],
    tracking: Tracking | None = None,
) -> Launched:
    """Runs what is missing of a plan by a launcher's workers.

    Other workers may be there, and be joined by these.

    Args:
      plan: of the sweep.
      workdir: of the sweep.
      console: where to say what is done.
      launcher: from `parse`.
      argv: the command's own arguments, which workers are started with.
      tracking: who else is told, of what workers could not tell too; closed at the end.

    Raises:
      ConfigError: what the launcher needs is not there, the work directory's rows contradict the
        config, or one process has it alone.
    """
    tracking = tracking or Tracking()
    policy(plan)
    CHECK[launcher.name](launcher)
    dropped, before = _prepared(plan, workdir, console)
    known = {member.id for group in plan.groups for member in group.members}
    if plan.config.remake or known - before:
        GO[launcher.name](Order(plan, workdir, console, launcher, list(argv), tracking))
    failed = claims.failures(workdir)
    rows = _folded(plan, workdir, tracking)
    mine = [row for row in rows if row["id"] in known]
    fresh = len({row["id"] for row in mine} - before)
    outcome = Outcome(mine, fresh, dropped, len(rows) - len(mine))
    return Launched(outcome, len(known) - len(mine), failed)


def _prepared(plan: SweepPlan, workdir: Path, console: Console) -> tuple[str | None, set[str]]:
    """Returns a broken line that was dropped, and the members that have rows."""
    try:
        store = Store(workdir, plan.owner)
    except InUse:
        Lock(workdir, shared=True).close()  # raises where one process has it alone
        console.print(f"others work in {workdir}: working along")
        return None, ended(workdir, plan.owner)
    try:
        if store.dropped is not None:
            console.print("dropped a broken last line of results")
        for one in lost(plan.groups, store, policy(plan) != "none"):
            if not plan.config.remake:
                console.print(in_words(one))
        planned.write(workdir, planned_of(plan))
        return store.dropped, set(store.done)
    finally:
        store.close()


def _folded(plan: SweepPlan, workdir: Path, tracking: Tracking) -> list:
    """Returns all rows; in `results.jsonl`, unless somebody still works."""
    try:
        store = Store(workdir, plan.owner)
    except InUse:
        return read_rows(workdir) if ended(workdir, plan.owner) else []
    try:
        with tracking:
            tracking.catch_up(store.batches, store.rows)
    finally:
        store.close()
    return store.rows
