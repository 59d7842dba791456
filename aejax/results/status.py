"""How far a sweep is, from its work directory alone: what is done, who is at it, when it ends."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from aejax.errors import ConfigError, nearest
from aejax.results import batches, claims, planned, shards, workers
from aejax.results.batches import Batch
from aejax.results.planned import Planned, PlannedGroup
from aejax.results.rows import Row
from aejax.results.store import read_rows
from aejax.results.workers import Said


class Running(NamedTuple):
    """A population that trains now.

    Attributes:
      unit: its id.
      worker: who trains it.
      members, step, steps: of it.
      silent: seconds since its worker was heard, by the clocks of both.
    """

    unit: str
    worker: str
    members: int
    step: int
    steps: int
    silent: float


class Status(NamedTuple):
    """How far a sweep is.

    Attributes:
      name: of the sweep.
      groups: of the plan: "done", "running", "waiting" and "failed", which add up to all.
      members: of the plan: "done" and "all".
      member_steps: of the plan: "done" and "all"; a member's step counts as one.
      workers: that are alive.
      running: what they train.
      failed: reasons by population.
      steps_per_second: steps of members in a second, of the workers that are alive, compiling
        included; None where none has done any.
      seconds_left: None where that cannot be known.
    """

    name: str
    groups: dict[str, int]
    members: dict[str, int]
    member_steps: dict[str, int]
    workers: int
    running: list[Running]
    failed: dict[str, str]
    steps_per_second: float | None
    seconds_left: float | None

    def to_dict(self) -> dict[str, Any]:
        """Returns it as JSON has it."""
        return {**self._asdict(), "running": [one._asdict() for one in self.running]}


def status(workdir: Path, silent_seconds: float = workers.SILENT_SECONDS) -> Status:
    """Returns how far the sweep of a work directory is; touches nothing.

    Args:
      workdir: of the sweep.
      silent_seconds: a worker of another machine that was not heard for so long counts as dead.

    Raises:
      ConfigError: no such directory, no sweep in it, or a damaged file.
    """
    if not workdir.is_dir():
        siblings = [path.name for path in workdir.parent.glob("*") if path.is_dir()]
        raise ConfigError(
            f"workdir={str(workdir)!r} is not a directory.{nearest(workdir.name, siblings)}"
            " Allowed: a directory in which a sweep was begun."
        )
    left = [row for found in shards.read(workdir).values() for row in found]
    rows = [*left, *read_rows(workdir / "results.jsonl")[0]]
    done = {row["id"] for row in rows}
    begun = batches.read(workdir)
    plan = planned.read(workdir) or _of_batches(begun)
    if not plan.groups:
        raise ConfigError(
            f"workdir={str(workdir)!r} has no sweep. Allowed: a directory in which one was begun."
        )
    now = time.time()
    living = [said for said in workers.listed(workdir) if _lives(said, now, silent_seconds)]
    speed = sum(_speed(said, _usual_speed(rows)) for said in living)
    return _status(plan, done, begun, living, claims.failures(workdir), speed, now)


def _usual_speed(rows: Sequence[Row]) -> float:
    """Returns the steps of members in a second, of a worker, by the rows that are there."""
    groups = {row.get("group"): row for row in rows if row.get("seconds")}
    seconds = sum(sum(row["seconds"].values()) for row in groups.values())
    steps = sum(row.get("members", 1) * row.get("step", 0) for row in groups.values())
    return steps / seconds if seconds else 0.0


def _speed(said: Said, usual: float) -> float:
    """Returns a worker's speed; one that has just begun is taken for a usual one."""
    return said.member_steps / max(said.seconds, 1e-9) if said.member_steps else usual


def _lives(said: Said, now: float, silent_seconds: float) -> bool:
    if said.place == workers.here() and not workers.running(said.pid, said.since):
        return False
    return now - said.at < silent_seconds


def _of_batches(begun: list[Batch]) -> Planned:
    """Returns what was begun as a plan, of a version that wrote none; its steps are unknown."""
    groups = (
        PlannedGroup(batch.id, tuple(member["id"] for member in batch.members), 0)
        for batch in begun
    )
    return Planned("sweep", tuple(groups))


def _status(
    plan: Planned,
    done: set[str],
    begun: list[Batch],
    living: list[Said],
    failed: dict[str, str],
    speed: float,
    now: float,
) -> Status:
    groups = {batch.id: batch.group for batch in begun}
    at_it = {groups.get(said.unit, said.unit): said for said in living if said.unit}
    broken = {groups.get(unit, unit) for unit in failed}
    counts: dict[str, int] = dict.fromkeys(("done", "running", "waiting", "failed"), 0)
    missing = {
        group.id for group in plan.groups if any(member not in done for member in group.members)
    }
    for group in plan.groups:
        states = {
            "done": group.id not in missing,
            "running": group.id in at_it,
            "failed": group.id in broken,
            "waiting": True,
        }
        counts[next(state for state, is_it in states.items() if is_it)] += 1
    total = sum(len(group.members) * group.steps for group in plan.groups)
    over = sum(sum(m in done for m in group.members) * group.steps for group in plan.groups)
    half = sum(said.members * said.step for group, said in at_it.items() if group in missing)
    ours = min(total, over + half)
    left = total - ours
    return Status(
        name=plan.name,
        groups=counts,
        members={
            "done": sum(m in done for group in plan.groups for m in group.members),
            "all": sum(len(group.members) for group in plan.groups),
        },
        member_steps={"done": ours, "all": total},
        workers=len(living),
        running=[
            Running(s.unit, s.name, s.members, s.step, s.steps, max(0.0, now - s.at))
            for s in living
            if s.unit
        ],
        failed=failed,
        steps_per_second=speed or None,
        seconds_left=0.0 if not left else (left / speed if speed else None),
    )


def in_words(found: Status) -> str:
    """Returns a status as one line."""
    groups = found.groups
    parts = [
        f"{sum(groups.values())} groups: {groups['done']} done, {groups['running']} running, "
        f"{groups['waiting']} waiting" + (f", {groups['failed']} failed" * bool(groups["failed"])),
        f"{found.members['done']} of {found.members['all']} members",
        f"{found.workers} workers",
    ]
    if found.steps_per_second:
        parts.append(f"{found.steps_per_second:,.0f} steps a second")
    if found.seconds_left:
        parts.append(f"ends in about {duration(found.seconds_left)}{_clock(found.seconds_left)}")
    return "; ".join(parts)


def duration(seconds: float) -> str:
    """Returns seconds in words, e.g. "40 s", "12 min", "3.5 h", "2.1 days"."""
    for limit, unit, size in ((120, "s", 1), (7200, "min", 60), (172_800, "h", 3600)):
        if seconds < limit:
            amount = seconds / size
            return f"{amount:.0f} {unit}" if unit != "h" else f"{amount:.1f} h"
    return f"{seconds / 86_400:.1f} days"


def _clock(left: float) -> str:
    when = time.localtime(time.time() + left)
    return f" ({time.strftime('%H:%M' if left < 43_200 else '%d %b %H:%M', when)})"
