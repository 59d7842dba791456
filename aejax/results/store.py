"""The work directory of one writer: rows appended and flushed, arrays renamed into place."""

from __future__ import annotations

import contextlib
import json
import logging
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from aejax.io import named
from aejax.results import batches, claims, lines, owner, shards, workers
from aejax.results.batches import Batch
from aejax.results.folder import Folder
from aejax.results.leftovers import sweep_up
from aejax.results.lock import Lock, in_use
from aejax.results.owner import Owner
from aejax.results.rows import Row


def read_rows(path: Path, batches: Sequence[Batch] = ()) -> tuple[list[Row], int, str | None]:
    """Returns the rows of a results file, the bytes that are whole, and the broken last line.

    A power cut can leave the last line half written; any other broken line is an error.

    Args:
      path: of the file.
      batches: populations that were begun there.

    Raises:
      ConfigError: a line before the last is no JSON object with an id; a member stands there
        twice, or is of a batch that has no such member.
    """
    if not path.is_file():
        return [], 0, None
    rows: dict[int, Row] = {}
    whole, broken = 0, None
    found = path.read_bytes().splitlines(keepends=True)
    for place, line in enumerate(found, start=1):
        try:
            row = lines.parse(line)
            if not line.endswith(b"\n"):
                raise ValueError("no end of the line")
        except ValueError as error:
            if place < len(found):
                raise lines.wrong(path, place, error) from error
            broken = line.decode(errors="replace")
            break
        rows[place] = row
        whole += len(line)
    lines.check(path, rows, batches)
    return list(rows.values()), whole, broken


def ended(workdir: Path, ours: Owner) -> set[str]:
    """Returns the ids of the members that have rows there; touches nothing.

    Raises:
      ConfigError: what `Store` would refuse, but for a directory that is in use.
    """
    owner.check(workdir, ours)
    there = [row for rows in shards.read(workdir).values() for row in rows]
    rows, _, _ = read_rows(workdir / "results.jsonl", batches.read(workdir))
    return {row["id"] for row in [*there, *rows]}


class Store(Folder):
    """A work directory, held by one process.

    Rows that workers have left are folded into its own.

    Args:
      workdir: the folder; made where there is none.
      ours: the config that wants to add to it.

    Attributes:
      dropped: a broken last line of the results, which was taken away.
      pulse: tells others who holds the directory, and how far it is.

    Raises:
      ConfigError: the directory's rows contradict the config, it is another process's, or is no
        directory.
    """

    def __init__(self, workdir: Path, ours: Owner):
        super().__init__(workdir)
        self.dropped: str | None = None
        owner.check(self.workdir, ours)
        for folder in (self.workdir, self.workdir / "arrays"):
            folder.mkdir(parents=True, exist_ok=True)
        self._lock = Lock(self.workdir)
        try:
            self._alone()
            grown = owner.check(self.workdir, ours)  # nobody has written since
            begun = batches.read(self.workdir)
            rows, whole, self.dropped = read_rows(self.results, begun)
            left = shards.read(self.workdir, begun=begun)
            owner.write(self.workdir, grown)
            if self.dropped is not None:
                with self.results.open("r+b") as file:
                    file.truncate(whole)
            self.know(rows, begun)
            for path, found in left.items():
                self._write(found, flush_each=False)
                path.unlink(missing_ok=True)
            if left:
                with contextlib.suppress(OSError):  # what is there else is not ours
                    (self.workdir / shards.FOLDER).rmdir()
            sweep_up(self.workdir, self.batches, self.done)
            self.pulse = workers.Pulse(self.workdir, "alone")
        except BaseException:
            self._lock.close()
            raise

    def _alone(self) -> None:
        """Where locks of the system do not reach other machines, their workers' files do.

        Removes what dead workers have left, and all claims.

        Raises:
          InUse: there are workers.
        """
        files = [said.name for said in workers.listed(self.workdir)]
        watch = workers.Watch(self.workdir)
        if files and any(said.place != workers.here() for said in watch.living()):
            logging.warning(
                "workers of other machines were here (%s): listening for up to %.0f s",
                ", ".join(files[:3]), watch.silent_seconds,
            )  # fmt: skip
        living = watch.settled()
        if living:
            names = ", ".join(said.name for said in living[:3])
            raise in_use(self.workdir, f"{len(living)} workers ({names})")
        for name in files:
            (self.workdir / workers.FOLDER / f"{name}.json").unlink(missing_ok=True)
        claims.clear(self.workdir)

    def append(self, rows: Iterable[Row]) -> None:
        """Appends rows that are not there yet; each is on the disk before the next is written."""
        self._write(rows, flush_each=True)

    def _write(self, rows: Iterable[Row], flush_each: bool) -> None:
        fresh = [row for row in rows if row["id"] not in self.done]
        with named(self.results), self.results.open("ab") as file:
            for row in fresh:
                file.write(json.dumps(row, allow_nan=False).encode() + b"\n")
                if flush_each:
                    file.flush()
                    os.fsync(file.fileno())
                self.know([row])
            file.flush()
            os.fsync(file.fileno())

    def begin(self, batch: Batch) -> None:
        """Writes a batch down, unless it is."""
        if all(known.id != batch.id for known in self.batches):
            batches.write(self.workdir, batch)
            self.know(batches=[batch])

    def check(self, unit: str) -> None:
        """Nobody takes over from who has the directory alone."""

    def close(self) -> None:
        """Lets another process have the directory."""
        self.pulse.close()
        self._lock.close()
