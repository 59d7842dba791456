"""Rows of workers that share a directory: `rows/UNIT.jsonl`, whole, written once a population ends.

Who holds the directory alone folds them into `results.jsonl`; until then, and on the way, a row
that stands in both is one row. Readers read the shards first: a row that leaves its shard is in
`results.jsonl` by then.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from aejax.io import becoming
from aejax.results import lines
from aejax.results.batches import Batch
from aejax.results.rows import Row

FOLDER = "rows"


def write(workdir: Path, unit: str, rows: Iterable[Row]) -> None:
    """Writes a population's rows, on the disk and whole, in place of those that are there."""
    with becoming(workdir / FOLDER / f"{unit}.jsonl") as part, part.open("wb") as file:
        for row in rows:
            file.write(json.dumps(row, allow_nan=False).encode() + b"\n")


def read(
    workdir: Path,
    required: Sequence[str] = ("id",),
    known: Collection[str] = (),
    begun: Sequence[Batch] = (),
) -> dict[Path, list[Row]]:
    """Returns the rows of every shard, in the order in which they were written.

    Args:
      workdir: of the sweep.
      required: names that each row has.
      known: names of files that are left out.
      begun: populations that were begun there.

    Raises:
      ConfigError: a line that is no row, a member that stands there twice, or is of a population
        that has no such member.
    """
    found: dict[Path, tuple[float, list[Row]]] = {}
    seen: dict[str, Path] = {}
    for path in sorted((workdir / FOLDER).glob("*.jsonl")):
        if path.name in known:
            continue
        try:
            at, text = path.stat().st_mtime, path.read_bytes()
        except FileNotFoundError:  # folded just now
            continue
        rows: dict[int, Row] = {}
        for place, line in enumerate(text.splitlines(), start=1):
            try:
                rows[place] = row = lines.parse(line, required)
                if seen.setdefault(row["id"], path) != path:
                    raise ValueError(f"id={row['id']!r} stands in {seen[row['id']]} already")
            except ValueError as error:
                raise lines.wrong(path, place, error) from error
        lines.check(path, rows, begun)
        found[path] = at, list(rows.values())
    return {path: rows for path, (_, rows) in sorted(found.items(), key=lambda item: item[1][0])}
