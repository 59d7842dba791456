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
from aejax.results.rows import Row


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


class Store:
    """A work directory, held by one process.

    Raises:
      ConfigError: the directory belongs to another config, to another process, or is no directory.
    """

    def __init__(self, workdir: Path, config_hash: str, config: Mapping[str, Any]):
        self.workdir = Path(workdir)
        self.dropped: str | None = None
        self.results = self.workdir / "results.jsonl"
        _check_owner(self.workdir, config_hash, config)
        for folder in (self.workdir, self.workdir / "arrays"):
            folder.mkdir(parents=True, exist_ok=True)
        self._lock = _lock(self.workdir / ".lock")
        try:
            self.rows, whole, self.dropped = read_rows(self.results)
        except ConfigError:
            self.close()
            raise
        described = {"config_hash": config_hash, "config": dict(config)}
        write_text(self.workdir / "config.json", json.dumps(described, indent=1, default=list))
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

    def checkpoints(self, group: str) -> Path:
        """Returns the folder of a group's checkpoints."""
        return self.workdir / "checkpoints" / group

    def variables(self, group: str) -> Path:
        """Returns the file of a group's trained variables, where they are kept."""
        return self.workdir / "variables" / f"{group}.npz"

    def close(self) -> None:
        """Lets another process have the directory."""
        self._lock.close()


def write_text(path: Path, text: str) -> None:
    """Writes a small file by renaming."""
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_text(text)
    temporary.replace(path)


def _check_owner(workdir: Path, config_hash: str, config: Mapping[str, Any]) -> None:
    if workdir.exists() and not workdir.is_dir():
        raise ConfigError(f"workdir={str(workdir)!r} is a file. Allowed: a folder, new or old.")
    owner = workdir / "config.json"
    if not owner.is_file():
        if (workdir / "results.jsonl").exists():
            raise ConfigError(
                f"workdir={str(workdir)!r} has results.jsonl and no config.json, so nobody knows "
                "whose they are. Allowed: a new --workdir."
            )
        return
    try:
        known = json.loads(owner.read_text())
        same, theirs = known["config_hash"] == config_hash, dict(known["config"])
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f"{owner} cannot be read ({error}). Allowed: the file as this program wrote it, or a "
            "new --workdir."
        ) from error
    if not same:
        ours = json.loads(json.dumps(dict(config), default=list))
        changed = [k for k in sorted({*theirs, *ours}) if theirs.get(k) != ours.get(k)]
        what = "; ".join(f"{k}: {theirs.get(k)!r} there, {ours.get(k)!r} here" for k in changed[:3])
        raise ConfigError(
            f"workdir={str(workdir)!r} belongs to another config "
            f"({what or 'other points or data'}). "
            "Allowed: another --workdir, or the config that began this one."
        )


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
