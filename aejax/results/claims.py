"""Who trains which population: `claims/UNIT.N`, made once each; of a unit's, the highest N counts.

A claim is never removed or changed while anyone works: who takes over from a dead worker makes the
next number, which one alone can. So two that see the same death at the same time do not both have
it, and who was only asleep finds that the unit is another's.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from aejax.io import make_once, write_whole
from aejax.results.workers import Watch

FOLDER = "claims"


class Held(NamedTuple):
    """Who has a unit."""

    unit: str
    number: int
    worker: str  # "" where it is just being written


class Claims:
    """The claims of one worker.

    Args:
      workdir: of the sweep.
      worker: its name; `workers/NAME.json` is there.
      watch: who is alive.
      clock: of this process.
    """

    def __init__(
        self,
        workdir: Path,
        worker: str,
        watch: Watch,
        clock: Callable[[], float] = time.monotonic,
    ):
        self.workdir, self.worker, self._watch, self._clock = workdir, worker, watch, clock
        self._empty: dict[Held, float] = {}

    def take(self, unit: str, held: Mapping[str, Held]) -> bool:
        """Claims a unit that nobody has, or whose worker is dead; returns whether it is ours.

        Args:
          unit: its name.
          held: from `holders`, of just now.
        """
        claim = held.get(unit)
        if claim is None:
            return make_once(self.workdir / FOLDER / f"{unit}.1", self.worker)
        if claim.worker == self.worker:
            return True
        if not self._dead(claim):
            return False
        return make_once(self.workdir / FOLDER / f"{unit}.{claim.number + 1}", self.worker)

    def _dead(self, claim: Held) -> bool:
        if claim.worker:
            return not self._watch.alive(claim.worker)
        # Made where there are no links, and not written yet; or never to be.
        since = self._empty.setdefault(claim, self._clock())
        return self._clock() - since > self._watch.silent_seconds

    def mine(self, unit: str) -> bool:
        """Returns whether a unit that was taken is still ours."""
        claim = holders(self.workdir, f"{unit}.*").get(unit)
        return claim is not None and claim.worker == self.worker


def holders(workdir: Path, pattern: str = "*.*") -> dict[str, Held]:
    """Returns the claim that counts of every unit that has one.

    Args:
      workdir: of the sweep.
      pattern: of the files that are looked at.
    """
    found: dict[str, int] = {}
    for path in (workdir / FOLDER).glob(pattern):
        unit, _, number = path.name.rpartition(".")
        if number.isdecimal() and not unit.startswith("."):
            found[unit] = max(found.get(unit, 0), int(number))
    claims = {}
    for unit, number in found.items():
        try:
            worker = (workdir / FOLDER / f"{unit}.{number}").read_text()
        except FileNotFoundError:  # cleared just now: all workers have ended
            continue
        claims[unit] = Held(unit, number, worker)
    return claims


def fail(workdir: Path, unit: str, reason: str) -> None:
    """Notes that a unit cannot be trained; nobody tries it again until claims are cleared."""
    write_whole(workdir / FOLDER / f"{unit}.failed", reason)


def failures(workdir: Path) -> dict[str, str]:
    """Returns the reasons by unit."""
    found = sorted((workdir / FOLDER).glob("*.failed"))
    return {path.name.removesuffix(".failed"): path.read_text() for path in found}


def clear(workdir: Path) -> None:
    """Removes all claims and failures; to be called by who holds the directory alone."""
    shutil.rmtree(workdir / FOLDER, ignore_errors=True)
