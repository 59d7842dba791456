"""The work directory: rows appended and flushed, arrays renamed into place, one writer."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from aejax.io import becoming, named
from aejax.results import batches, lines, owner
from aejax.results.batches import Batch
from aejax.results.leftovers import sweep_up
from aejax.results.lock import Lock
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
    rows, _, _ = read_rows(workdir / "results.jsonl", batches.read(workdir))
    return {row["id"] for row in rows}


class Store:
    """A work directory, held by one process.

    Args:
      workdir: the folder; made where there is none.
      ours: the config that wants to add to it.

    Raises:
      ConfigError: the directory's rows contradict the config, it is another process's, or is no
        directory.
    """

    def __init__(self, workdir: Path, ours: Owner):
        self.workdir = Path(workdir)
        self.dropped: str | None = None
        self.results = self.workdir / "results.jsonl"
        owner.check(self.workdir, ours)
        for folder in (self.workdir, self.workdir / "arrays"):
            folder.mkdir(parents=True, exist_ok=True)
        self._lock = Lock(self.workdir)
        try:
            grown = owner.check(self.workdir, ours)  # nobody has written since
            self.batches = batches.read(self.workdir)
            self.rows, whole, self.dropped = read_rows(self.results, self.batches)
            owner.write(self.workdir, grown)
            if self.dropped is not None:
                with self.results.open("r+b") as file:
                    file.truncate(whole)
            self.done = {row["id"] for row in self.rows}
            sweep_up(self.workdir, self.batches, self.done)
        except BaseException:
            self.close()
            raise

    def append(self, rows: Iterable[Row]) -> None:
        """Appends rows that are not there yet; each is on the disk before the next is written."""
        with named(self.results), self.results.open("ab") as file:
            for row in rows:
                if row["id"] in self.done:
                    continue
                file.write(json.dumps(row, allow_nan=False).encode() + b"\n")
                file.flush()
                os.fsync(file.fileno())
                self.rows.append(row)
                self.done.add(row["id"])

    def save_arrays(self, group: str, arrays: Mapping[str, np.ndarray]) -> None:
        """Writes a group's arrays whole or not at all.

        Before its rows, so that rows imply arrays.
        """
        with becoming(self.workdir / "arrays" / f"{group}.npz") as part, part.open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays)

    def names(self) -> set[str]:
        """Returns the ids of all batches, of those too that an older version did not write down."""
        left = (path.name for path in (self.workdir / "checkpoints").glob("*"))
        return {batch.id for batch in self.batches} | {row["group"] for row in self.rows} | {*left}

    def begin(self, batch: Batch) -> None:
        """Writes a batch down, unless it is."""
        if all(known.id != batch.id for known in self.batches):
            batches.write(self.workdir, batch)
            self.batches.append(batch)

    def checkpoints(self, group: str) -> Path:
        """Returns the folder of a group's checkpoints."""
        return self.workdir / "checkpoints" / group

    def variables(self, group: str) -> Path:
        """Returns the file of a group's trained variables, where they are kept."""
        return self.workdir / "variables" / f"{group}.npz"

    def close(self) -> None:
        """Lets another process have the directory."""
        self._lock.close()
