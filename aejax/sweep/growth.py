"""What of a group is still to train, in a work directory that may hold a part of it."""

from __future__ import annotations

from aejax.results import batches
from aejax.results.batches import Batch
from aejax.results.folder import Folder
from aejax.sweep.spec import Group, Member


def to_train(group: Group, store: Folder) -> list[Group]:
    """Returns the populations that a group's missing members need.

    First those that were begun and did not end: each goes on whole from its checkpoint, so that it
    runs the very programs of an undisturbed one, with members, too, that the config has since lost.
    Then the members that nobody has begun: they train alone, under an id of their own, while what
    is there stays as it is.
    """
    missing = {m.id: m for m in group.members if m.id not in store.done}
    begun = store.begun(group.id)
    found = []
    for batch in begun:
        if any(member["id"] in missing for member in batch.members):
            members = tuple(Member(m["id"], m["hp"], m["seed"]) for m in batch.members)
            found.append(group._replace(id=batch.id, members=members))
            for member in members:
                missing.pop(member.id, None)
    if missing:
        name = batches.free_id(group.id, store.names())
        found.append(group._replace(id=name, members=tuple(missing.values())))
    return found


def batch_of(group: Group, of: str) -> Batch:
    """Returns a population as it is written down before it trains.

    Args:
      group: one of `to_train`.
      of: the id of the plan's group that it is a part of.
    """
    return Batch(group.id, of, tuple(m._asdict() for m in group.members))
