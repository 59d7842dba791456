"""A sweep's work directory as the figures see it: rows, and arrays read when they are asked for."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np

from aejax.errors import ConfigError, nearest
from aejax.results import batches, lines, shards
from aejax.results.rows import Row
from aejax.results.whole import DAMAGED

# What a group's members share; every other key of a group's file has a leading member axis [P].
SHARED = frozenset({"curve_step", "valid_step", "inputs", "labels_shown", "labels"})
REQUIRED = ("id", "group", "model", "seed", "status")


def read_rows(workdir: Path) -> list[Row]:
    """Reads `results.jsonl`, and the shards of workers that are still at it.

    A corrupt last line (a power cut) is left out, with a warning.

    Raises:
      ConfigError: no such directory, no results in it, a corrupt line before the last, a member
        that stands there twice, or one of a population that has no such member.
    """
    if not workdir.is_dir():
        siblings = [p.name for p in workdir.parent.glob("*") if p.is_dir()]
        raise ConfigError(
            f"workdir={str(workdir)!r} is not a directory.{nearest(workdir.name, siblings)}"
            " Allowed: a directory that a sweep wrote."
        )
    begun = batches.read(workdir)
    left = shards.read(workdir, REQUIRED, begun=begun)  # before what they are folded into
    path = workdir / "results.jsonl"
    found = path.read_bytes().splitlines() if path.is_file() else []
    rows: dict[int, Row] = {}
    for place, line in enumerate(found, start=1):
        if not line.strip():
            continue
        try:
            rows[place] = lines.parse(line, REQUIRED)
        except ValueError as error:
            if place < len(found):
                raise lines.wrong(path, place, error) from error
            logging.warning("%s: the last line (%d) is corrupt; left out.", path, place)
    lines.check(path, rows, begun)
    ids = {row["id"] for row in rows.values()}
    others = [row for shard in left.values() for row in shard if row["id"] not in ids]
    if not rows and not others:
        raise ConfigError(
            f"workdir={str(workdir)!r} has no results. Allowed: run a sweep there first."
        )
    return [*rows.values(), *others]


class GroupArrays:
    """The file of one group, `arrays/GROUP.npz`; each array is read once, when first asked for."""

    def __init__(self, path: Path):
        self._path = path
        self._cache: dict[str, np.ndarray] = {}
        try:
            with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
                self.keys = [key for key in file.files if key != "ids"]
                self.index = {str(name): i for i, name in enumerate(file["ids"])}
        except DAMAGED as error:
            raise self._damaged(error) from error

    def _damaged(self, error: Exception) -> ConfigError:
        return ConfigError(
            f"arrays file {self._path} cannot be read ({type(error).__name__})."
            " Allowed: a file that a sweep wrote; without it and its group's rows it is made again."
        )

    def read(self, key: str) -> np.ndarray:
        """Returns the whole array under `key`, with the member axis where it has one."""
        if key not in self._cache:
            if key not in self.keys:
                raise KeyError(key)
            try:
                with self._path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
                    self._cache[key] = file[key]
            except DAMAGED as error:
                raise self._damaged(error) from error
        return self._cache[key]


class MemberArrays(Mapping[str, np.ndarray]):
    """One member's arrays: the member axis is taken away, what the group shares is as it is."""

    def __init__(self, group: GroupArrays, index: int):
        self._group, self._index = group, index

    def __getitem__(self, key: str) -> np.ndarray:
        array = self._group.read(key)
        return array if key in SHARED else array[self._index]

    def __contains__(self, key: object) -> bool:  # without reading the array
        return key in self._group.keys

    def __iter__(self) -> Iterator[str]:
        return iter(self._group.keys)

    def __len__(self) -> int:
        return len(self._group.keys)


class Arrays(Mapping[str, Mapping[str, np.ndarray]]):
    """MemberArrays id -> its arrays, for those of `rows` whose group has a file that holds them."""

    def __init__(self, folder: Path, rows: Iterable[Row]):
        self._folder = folder
        self._group_of = {str(row["id"]): str(row["group"]) for row in rows}
        self._groups: dict[str, GroupArrays | None] = {}

    def __getitem__(self, key: str) -> MemberArrays:
        name = self._group_of[key]
        if name not in self._groups:
            path = self._folder / f"{name}.npz"
            self._groups[name] = GroupArrays(path) if path.is_file() else None
        group = self._groups[name]
        if group is None or key not in group.index:
            raise KeyError(key)
        return MemberArrays(group, group.index[key])

    def __iter__(self) -> Iterator[str]:
        return (key for key in self._group_of if key in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)
