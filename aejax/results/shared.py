"""The work directory of many writers: each claims populations and writes files of their own."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

from aejax.results import batches, claims, owner, shards
from aejax.results.batches import Batch
from aejax.results.claims import Claims
from aejax.results.folder import Folder
from aejax.results.lock import InUse, Lock
from aejax.results.owner import Owner
from aejax.results.rows import Row
from aejax.results.store import read_rows
from aejax.results.workers import Pulse, Watch

PATIENCE_SECONDS = 15.0  # for who folds rows, or begins
CHECK_SECONDS = 1.0  # between two looks at whether a claim still counts


class Superseded(Exception):
    """Another worker has taken a population over: this one was silent for long."""


class Shared(Folder):
    """A work directory as one of its workers sees it.

    Args:
      workdir: the folder; made where there is none.
      ours: the config that wants to add to it.

    Raises:
      ConfigError: the directory's rows contradict the config, one process has it alone, or it is no
        directory.
    """

    def __init__(self, workdir: Path, ours: Owner):
        super().__init__(workdir)
        owner.check(self.workdir, ours)
        for folder in (self.workdir, self.workdir / "arrays"):
            folder.mkdir(parents=True, exist_ok=True)
        # Heard before the lock is asked for: who wants the directory alone asks in the other order.
        self.pulse = Pulse(self.workdir)
        self._lock: Lock | None = None
        self._shards: set[str] = set()
        self._checked = 0.0
        try:
            self._lock = _patient(self.workdir)
            grown = owner.check(self.workdir, ours)
            if owner.read(self.workdir) != grown:
                owner.write(self.workdir, grown)
            self.claims = Claims(self.workdir, self.pulse.name, Watch(self.workdir))
            self.know(batches=batches.read(self.workdir))
            self.know(read_rows(self.results, self.batches)[0])
            self.refresh()
        except BaseException:
            self.close()
            raise

    def refresh(self) -> None:
        """Reads what others have begun and ended since."""
        self.know(batches=batches.read(self.workdir, {batch.id for batch in self.batches}))
        fresh = shards.read(self.workdir, known=self._shards, begun=self.batches)
        for path, rows in fresh.items():
            self._shards.add(path.name)
            self.know([row for row in rows if row["id"] not in self.done])

    def take(self, batch: Batch, held: dict[str, claims.Held], again: bool = False) -> bool:
        """Claims a population and writes it down; returns whether it is ours to train.

        Args:
          batch: the population.
          held: from `claims.holders`, of just now.
          again: it has its rows, and is trained for its files.
        """
        if not self.claims.take(batch.id, held):
            return False
        self._checked = 0.0
        self.refresh()
        if not again and all(member["id"] in self.done for member in batch.members):
            return False  # ended between two looks
        known = next((other for other in self.batches if other.id == batch.id), None)
        if known is None:
            batches.write(self.workdir, batch)
            self.refresh()
            known = next(other for other in self.batches if other.id == batch.id)
        # Of a config with other members, perhaps: then the next look finds it as it was begun.
        return {m["id"] for m in known.members} == {m["id"] for m in batch.members}

    def check(self, unit: str) -> None:
        """Looks, now and then, whether a unit is still ours.

        Raises:
          Superseded: it is not.
        """
        now = time.monotonic()
        if now - self._checked >= CHECK_SECONDS:
            if not self.claims.mine(unit):
                raise Superseded(unit)
            self._checked = now

    def append(self, rows: Iterable[Row]) -> None:
        """Writes the rows of one population that are not there yet, all of them or none."""
        fresh = [row for row in rows if row["id"] not in self.done]
        if not fresh:
            return
        unit = fresh[0]["group"]
        self._checked = 0.0
        self.check(unit)
        shards.write(self.workdir, unit, fresh)
        self._shards.add(f"{unit}.jsonl")
        self.know(fresh)

    def fail(self, unit: str, reason: str) -> None:
        """Notes that a unit cannot be trained."""
        claims.fail(self.workdir, unit, reason)

    def close(self) -> None:
        """Ends as a worker: what is claimed and not done is anybody's."""
        self.pulse.close()
        if self._lock is not None:
            self._lock.close()


def _patient(workdir: Path) -> Lock:
    """Returns a shared lock, once who has the directory for a moment has let go of it."""
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return Lock(workdir, shared=True)
        except InUse:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)
