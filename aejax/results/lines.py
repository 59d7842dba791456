"""A line of `results.jsonl`: what makes it a row, and what is said of one that is none."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from aejax.errors import ConfigError
from aejax.results.batches import Batch
from aejax.results.rows import Row


def parse(line: bytes, required: Sequence[str] = ("id",)) -> Row:
    """Returns the row of a line.

    Raises:
      ValueError: it is no JSON object with the names of `required`, or its id is no text.
    """
    try:
        row = json.loads(line)
    except RecursionError as error:
        raise ValueError("brackets in brackets in brackets") from error
    if not isinstance(row, dict):
        raise ValueError(f"a {type(row).__name__}")
    missing = [name for name in required if name not in row]
    if missing:
        raise ValueError(f"without {missing[0]!r}")
    if not isinstance(row["id"], str) or not row["id"]:
        raise ValueError(f"id={row['id']!r}"[:60])
    return row


def wrong(path: Path, place: int, reason: object) -> ConfigError:
    """Returns what is said of line `place`, from 1."""
    return ConfigError(
        f"{path}, line {place} is no row of results ({reason}). Allowed: JSON objects as this "
        "program writes them, one a member; without its line, a member is trained again."
    )


def check(path: Path, rows: Mapping[int, Row], batches: Sequence[Batch] = ()) -> None:
    """Checks rows together.

    Args:
      path: of the file.
      rows: by their line, from 1.
      batches: that were begun there.

    Raises:
      ConfigError: a member stands there twice, or is of a population that has no such member.
    """
    seen: dict[str, int] = {}
    members = {batch.id: {member["id"] for member in batch.members} for batch in batches}
    for place, row in rows.items():
        name, group = row["id"], row.get("group")
        if name in seen:
            raise wrong(path, place, f"id={name!r} stands in line {seen[name]} already")
        seen[name] = place
        known = members.get(group) if isinstance(group, str) else None
        if known is not None and name not in known:
            raise wrong(path, place, f"id={name!r} is no member of {group!r}")
