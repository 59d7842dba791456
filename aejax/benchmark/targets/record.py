"""The record of what was compiled: a JSON file that is written row by row, and its tables."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from aejax.benchmark.targets.machines import CUDA
from aejax.errors import ConfigError
from aejax.io import write_whole
from aejax.results import environment

Row = dict[str, Any]

HEADS = {
    CUDA: ("model", "lowering, s", "program, kB", "remark"),
    "tpu": (
        "model",
        "chips a member",
        "compile, s",
        "arguments, MB",
        "results, MB",
        "scratch, MB",
        "MFLOP a step",
        "collectives",
    ),
}

DONE = ("compiled", "lowered")


def versions() -> dict[str, str]:
    """Returns the versions of what a compile depends on."""
    found = environment.versions()
    try:
        return found | {"libtpu": metadata.version("libtpu")}
    except metadata.PackageNotFoundError:
        return found


def read(path: Path) -> list[Row]:
    """Returns the rows of a record; none where there is no file.

    Raises:
      ConfigError: a file that is no such record.
    """
    if not path.exists():
        return []
    try:
        rows = json.loads(path.read_text())["rows"]
        if not all({"target", "model", "status"} <= row.keys() for row in rows):
            raise ValueError("rows without a name")
    except (OSError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise ConfigError(
            f"json={str(path)!r} holds no record of this command. Allowed: a file that it has "
            "written, or a new one."
        ) from error
    return list(rows)


def write(path: Path, rows: Sequence[Row]) -> None:
    """Writes a record, whole or not at all."""
    said = {"machine": environment.machine(), "versions": versions(), "rows": list(rows)}
    write_whole(path, json.dumps(said, indent=1, allow_nan=False) + "\n")


def _counts(found: dict[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in found.items()) or "none"


def _cells(row: Row) -> tuple[str, ...]:
    name = f"`{row['model']}`" + (f", {row['stages']} stages" if row.get("stages", 1) > 1 else "")
    blank = len(HEADS[CUDA if row["target"] == CUDA else "tpu"]) - 2
    if row["status"] not in DONE:
        return name, *("–" for _ in range(blank)), f"**{row['status']}**: {row['why']}"
    seconds = f"{row['compile_seconds']:.1f}"
    if row["target"] == CUDA:
        return name, seconds, f"{row['text_bytes'] / 1e3:,.0f}", ""
    sizes = (row[f"{kind}_bytes"] / 1e6 for kind in ("argument", "output", "temp"))
    return (
        name,
        str(row["ways"]),
        seconds,
        *(f"{size:.2f}" for size in sizes),
        f"{row['flops'] / 1e6:.3g}",
        _counts(row["collectives"]),
    )


def markdown(rows: Sequence[Row]) -> str:
    """Returns a table for each target, in the order of the rows, models by name."""
    tables = []
    for target in dict.fromkeys(row["target"] for row in rows):
        mine = sorted((r for r in rows if r["target"] == target), key=lambda r: r["model"])
        head = HEADS[CUDA if target == CUDA else "tpu"]
        done = sum(row["status"] in DONE for row in mine)
        lines = (head, ("---",) + ("---:",) * (len(head) - 2) + ("---",), *map(_cells, mine))
        table = "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
        what = "lowered" if target == CUDA else "compiled"
        tables.append(f"### {target}\n\n{done} of {len(mine)} models {what}.\n\n{table}")
    return "\n\n".join(tables)
