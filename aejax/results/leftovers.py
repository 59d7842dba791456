"""What a killed process leaves in a work directory, and its removal by the next one."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Sequence
from pathlib import Path

from aejax.results.batches import Batch

# Written beside the file that they were to become; a whole one has another name.
HALVES = ("*.part", ".*.part", "*.tmp")
FOLDERS = (
    ".", "arrays", "variables", "groups", "checkpoints", "figures", "rows", "workers", "claims",
)  # fmt: skip


def sweep_up(workdir: Path, batches: Sequence[Batch], done: Collection[str]) -> None:
    """Removes half-written files, and checkpoints of populations whose members all have rows.

    To be called by who holds the directory.
    """
    for folder in FOLDERS:
        for pattern in HALVES:
            for path in (workdir / folder).glob(pattern):
                if path.is_file():
                    path.unlink(missing_ok=True)
    for batch in batches:
        if all(member["id"] in done for member in batch.members):
            shutil.rmtree(workdir / "checkpoints" / batch.id, ignore_errors=True)
            (workdir / "checkpoints" / f"{batch.id}.json").unlink(missing_ok=True)
