"""The work directory: rows appended and flushed, arrays renamed into place, one writer."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np

from aejax.errors import ConfigError
from aejax.results import batches, owner
from aejax.results.batches import Batch
from aejax.results.owner import Owner

Row = dict[str, Any]


def read_rows(path: Path) -> tuple[list[Row], int, str | None]:
    """Returns the rows of a results file, the bytes that are whole, and the broken last line.

    A power cut can leave the last line half written; any other broken line is an error.

    Raises:
      ConfigError: a line before the last is no JSON object with an id.
    """
    if not path.is_file():
        return [], 0, None
    rows, whole = [], 0
    lines = path.read_bytes().splitlines(keepends=True)
    for i, line in enumerate(lines):
        try:
            row = json.loads(line)
            if not isinstance(row, dict) or "id" not in row or not line.endswith(b"\n"):
                raise ValueError("no whole row")
        except ValueError as error:
            if i == len(lines) - 1:
                return rows, whole, line.decode(errors="replace")
            raise ConfigError(
                f"{path}, line {i + 1} is no row of results ({error}). "
                "Allowed: JSON objects as this program writes them; only the last may be cut short."
            ) from error
        rows.append(row)
        whole += len(line)
    return rows, whole, None


def ended(workdir: Path, ours: Owner) -> set[str]:
    """Returns the ids of the members that have rows there; touches nothing.

    Raises:
      ConfigError: what `Store` would refuse, but for a directory that is in use.
    """
    owner.check(workdir, ours)
    return {row["id"] for row in read_rows(workdir / "results.jsonl")[0]}


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
        self._lock = _lock(self.workdir / ".lock")
        try:
            grown = owner.check(self.workdir, ours)  # nobody has written since
            self.rows, whole, self.dropped = read_rows(self.results)
            self.batches = batches.read(self.workdir)
        except ConfigError:
            self.close()
            raise
        owner.write(self.workdir, grown)
        if self.dropped is not None:
            with self.results.open("r+b") as file:
                file.truncate(whole)
        self.done = {row["id"] for row in self.rows}

    def append(self, rows: Iterable[Row]) -> None:
        """Appends rows that are not there yet; each is on the disk before the next is written."""
        with self.results.open("ab") as file:
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
        path = self.workdir / "arrays" / f"{group}.npz"
        temporary = path.with_suffix(".tmp")
        with temporary.open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)

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


def _lock(path: Path) -> IO[str]:
    handle = path.open("w")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        handle.close()
        raise ConfigError(
            f"workdir={str(path.parent)!r} is in use by another process. "
            "Allowed: another --workdir, or wait for it to end."
        ) from error
    return handle
