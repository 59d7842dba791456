"""A work directory's files by name, and its rows and populations as far as they are known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from aejax.io import becoming
from aejax.results.batches import Batch
from aejax.results.rows import Row


class Folder:
    """What those who write to a work directory have in common.

    Attributes:
      workdir: the folder.
      rows: that are there.
      done: ids of the members that have rows.
      batches: the populations that were begun.
    """

    def __init__(self, workdir: Path):
        self.workdir = Path(workdir)
        self.results = self.workdir / "results.jsonl"
        self.rows: list[Row] = []
        self.done: set[str] = set()
        self.batches: list[Batch] = []
        self._of: dict[str, list[Batch]] = {}
        self._names: set[str] | None = None

    def know(self, rows: Sequence[Row] = (), batches: Sequence[Batch] = ()) -> None:
        """Adds rows and populations that are there."""
        if rows or batches:
            self._names = None
        self.rows += rows
        self.done |= {row["id"] for row in rows}
        self.batches += batches
        for batch in batches:
            self._of.setdefault(batch.group, []).append(batch)

    def begun(self, group: str) -> list[Batch]:
        """Returns the populations of a group that were begun."""
        return self._of.get(group, [])

    def names(self) -> set[str]:
        """Returns the ids of all batches, of those too that an older version did not write down."""
        if self._names is None:
            left = {path.name for path in (self.workdir / "checkpoints").glob("*")}
            groups = {row["group"] for row in self.rows}
            self._names = {batch.id for batch in self.batches} | groups | left
        return self._names

    def save_arrays(self, group: str, arrays: Mapping[str, np.ndarray]) -> None:
        """Writes a group's arrays whole or not at all.

        Before its rows, so that rows imply arrays.
        """
        with becoming(self.workdir / "arrays" / f"{group}.npz") as part, part.open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays)

    def checkpoints(self, group: str) -> Path:
        """Returns the folder of a group's checkpoints."""
        return self.workdir / "checkpoints" / group

    def variables(self, group: str) -> Path:
        """Returns the file of a group's trained variables, where they are kept."""
        return self.workdir / "variables" / f"{group}.npz"
