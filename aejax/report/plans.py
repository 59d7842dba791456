"""What was to be done and what it took: groups, members, seconds; config and environment."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from aejax.results import batches, owner
from aejax.results.rows import Row, diverged

PARTS = ("compile", "run", "evaluate")  # of a row's seconds, which its group's members share


def groups_of(workdir: Path, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Returns a line a group: how many members were begun and are there, and its seconds.

    Args:
      workdir: where batches that were begun are written down.
      rows: of the members that ended.
    """
    begun = {batch.id: len(batch.members) for batch in batches.read(workdir)}
    by_group: dict[str, list[Row]] = {}
    for row in rows:
        by_group.setdefault(str(row["group"]), []).append(row)
    lines = []
    for name in dict.fromkeys([*by_group, *begun]):
        there = by_group.get(name, [])
        first: Row = there[0] if there else {}
        seconds = first.get("seconds") or {}
        lines.append(
            {
                "group": name,
                "model": first.get("model", "not yet"),
                "dataset": first.get("dataset"),
                "members": begun.get(name, first.get("members", len(there))),
                "there": len(there),
                "diverged": sum(map(diverged, there)),
                "steps": (first.get("spec") or {}).get("steps"),
                "parameters": first.get("parameters"),
                "executor": first.get("executor"),
                "seconds": {part: seconds.get(part) for part in PARTS},
                "recompiles": first.get("recompiles"),
            }
        )
    return lines


def config_of(workdir: Path) -> dict[str, Any]:
    """Returns the fields of the config that began the work directory, and which of them vary."""
    known = owner.read(workdir) if (workdir / owner.FILE).is_file() else None
    if known is None:
        return {"fields": {}, "swept": [], "data": {}}
    return {
        "fields": dict(known.config),
        "swept": list(known.swept),
        "data": dict(known.data),
        "hash": known.config_hash,
    }


def environment_of(rows: Sequence[Row]) -> dict[str, list[str]]:
    """Returns what the rows were made with: each kind's distinct values, in their order.

    More than one value means that the sweep was continued elsewhere.
    """
    found: dict[str, dict[str, None]] = {}
    for row in rows:
        known = {"commit": row.get("git"), "device": row.get("device")}
        known |= {"devices": row.get("devices")} | (row.get("versions") or {})
        for name, value in known.items():
            if value is not None:
                found.setdefault(name, {})[str(value)] = None
    return {name: list(values) for name, values in found.items()}
