"""Populations that have ended and whose files are gone: said, and trained again where wanted."""

from __future__ import annotations

from typing import NamedTuple

from aejax.results.batches import Batch
from aejax.results.folder import Folder
from aejax.results.whole import state
from aejax.sweep.spec import Group, Member


class Lost(NamedTuple):
    """A population that has all its rows, and what is not whole of its files."""

    part: Group
    of: str  # the plan's group
    files: tuple[str, ...]  # e.g. "arrays/G.npz is gone"


def lost(groups: tuple[Group, ...], store: Folder, kept: bool) -> list[Lost]:
    """Returns the populations of these groups that have ended and lack a file.

    Args:
      groups: of the plan.
      store: the work directory.
      kept: whether variables are kept.
    """
    wanted = ("arrays", "variables")[: 1 + kept]
    found = []
    for group in groups:
        for batch in store.begun(group.id):
            if any(member["id"] not in store.done for member in batch.members):
                continue
            states = {
                f"{folder}/{batch.id}.npz": state(store.workdir / folder / f"{batch.id}.npz")
                for folder in wanted
            }
            files = tuple(f"{name} is {how}" for name, how in states.items() if how != "whole")
            if files:
                found.append(Lost(_group(group, batch), group.id, files))
    return found


def _group(group: Group, batch: Batch) -> Group:
    members = tuple(Member(m["id"], m["hp"], m["seed"]) for m in batch.members)
    return group._replace(id=batch.id, members=members)


def in_words(one: Lost) -> str:
    """Returns a line for the user."""
    return (
        f"{', '.join(one.files)}: figures and loading lack its {len(one.part.members)} members; "
        "--config.remake=True trains them again and leaves their rows as they are"
    )
