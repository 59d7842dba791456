"""What a sweep is going to do, for who looks at its directory: `plan.json`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

from aejax.errors import ConfigError
from aejax.io import write_whole

FILE = "plan.json"


class PlannedGroup(NamedTuple):
    """A group of the plan: its id, its members' ids, and the steps of each."""

    id: str
    members: tuple[str, ...]
    steps: int


class Planned(NamedTuple):
    """The plan of the last sweep that wrote there."""

    name: str
    groups: tuple[PlannedGroup, ...]


def write(workdir: Path, plan: Planned) -> None:
    """Writes the plan, unless it stands there."""
    groups = [group._asdict() for group in plan.groups]
    text = json.dumps({"name": plan.name, "groups": groups})
    path = workdir / FILE
    if not path.is_file() or path.read_text() != text:
        write_whole(path, text)


def read(workdir: Path) -> Planned | None:
    """Returns the plan; None where no sweep of this version began.

    Raises:
      ConfigError: a file that cannot be read.
    """
    path = workdir / FILE
    if not path.is_file():
        return None
    try:
        said = json.loads(path.read_text())
        groups = (PlannedGroup(g["id"], tuple(g["members"]), g["steps"]) for g in said["groups"])
        return Planned(str(said["name"]), tuple(groups))
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f"{path} cannot be read ({type(error).__name__}). Allowed: the file as this program "
            "wrote it; the sweep's command writes it again."
        ) from error
