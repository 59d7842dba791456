"""Who trains with whom: the members of each population that a work directory has begun.

Members of a population share one compiled program, and a population that was stopped goes on
whole, from its checkpoint, even where the config has grown or shrunk since. So each is written
down before it begins, as `groups/ID.json`.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any, NamedTuple

from aejax.errors import ConfigError
from aejax.io import make_once

FOLDER = "groups"


class Batch(NamedTuple):
    """A population as it was begun.

    Attributes:
      id: names its checkpoint, its arrays and its variables, and stands in its rows as `group`.
      group: the id of what its members have in common.
      members: {"id", "hp", "seed"} of each, in their order.
    """

    id: str
    group: str
    members: tuple[dict[str, Any], ...]


def read(workdir: Path, known: Collection[str] = ()) -> list[Batch]:
    """Returns all batches that were begun, in the order of their ids.

    Args:
      workdir: of the sweep.
      known: ids of those that are left out.

    Raises:
      ConfigError: a file that cannot be read.
    """
    found = []
    for path in sorted((workdir / FOLDER).glob("*.json")):
        if path.stem in known:
            continue
        try:
            said = json.loads(path.read_text())
            members = tuple(
                {"id": str(m["id"]), "hp": dict(m["hp"]), "seed": int(m["seed"])}
                for m in said["members"]
            )
            found.append(Batch(path.stem, str(said["group"]), members))
        except (ValueError, KeyError, TypeError) as error:
            raise ConfigError(
                f"{path} cannot be read ({type(error).__name__}). Allowed: the file as this "
                "program wrote it; without it, its checkpoint and its rows it is trained again."
            ) from error
    return found


def write(workdir: Path, batch: Batch) -> bool:
    """Writes a batch down, before it begins; returns False where there is one of that id."""
    said = {"group": batch.group, "members": list(batch.members)}
    return make_once(workdir / FOLDER / f"{batch.id}.json", json.dumps(said, indent=1))


def free_id(group: str, taken: Collection[str]) -> str:
    """Returns the group's own id for its first batch, and ID.2, ID.3, ... for those that grew."""
    if group not in taken:
        return group
    n = 2
    while f"{group}.{n}" in taken:
        n += 1
    return f"{group}.{n}"
