"""Orbax checkpoints of a population: one tree, atomically written; the newest is kept."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import jax

from aejax.errors import ConfigError
from aejax.io import write_whole
from aejax.types import PyTree


class Checkpoint:
    """The newest checkpoint of one group, in a directory of its own.

    Orbax is imported on first use: that takes a second, and training without a directory never
    needs it.
    """

    def __init__(self, directory: Path):
        self.directory = Path(directory).absolute()
        self._manager: Any = None

    def _open(self) -> Any:
        if self._manager is None:
            import orbax.checkpoint as ocp

            options = ocp.CheckpointManagerOptions(
                max_to_keep=1, create=True, enable_async_checkpointing=False
            )
            self._manager = ocp.CheckpointManager(self.directory, options=options)
        return self._manager

    def save(self, step: int, tree: PyTree) -> None:
        """Writes `tree` under the number `step`; if killed on the way, the last one stays."""
        import orbax.checkpoint as ocp

        self._open().save(step, args=ocp.args.StandardSave(tree))

    def latest(self) -> int | None:
        """Returns the number of the newest complete checkpoint, or None."""
        return self._open().latest_step() if self.directory.is_dir() else None

    def restore(self, step: int, like: PyTree) -> PyTree:
        """Returns the tree that was saved at `step`.

        Args:
          step: from `latest`.
          like: a tree of arrays or shapes, as it was saved.

        Raises:
          ConfigError: what is stored has another structure (a checkpoint of another version).
        """
        import orbax.checkpoint as ocp

        abstract = jax.tree.map(ocp.utils.to_shape_dtype_struct, like)
        try:
            return self._open().restore(step, args=ocp.args.StandardRestore(abstract))
        except (ValueError, KeyError, TypeError) as error:
            reason = " ".join(str(error).split())[:200]
            raise ConfigError(
                f"checkpoint {self.directory}/{step} is not one of this run: {reason}. "
                "Allowed: one that the same config wrote; delete the folder to start over."
            ) from error

    @property
    def _note(self) -> Path:
        return self.directory.with_name(f"{self.directory.name}.json")

    def note(self) -> dict[str, Any] | None:
        """Returns what `write_note` wrote, or None."""
        try:
            return json.loads(self._note.read_text())
        except (OSError, ValueError):  # none, or cut short: nothing was saved then
            return None

    def write_note(self, facts: dict[str, Any]) -> None:
        """Writes what a resumed run has to know before it can restore."""
        write_whole(self._note, json.dumps(facts))

    def close(self) -> None:
        """Closes the manager."""
        if self._manager is not None:
            self._manager.close()
            self._manager = None

    def delete(self) -> None:
        """Removes the checkpoints; the group is done."""
        self.close()
        shutil.rmtree(self.directory, ignore_errors=True)
        self._note.unlink(missing_ok=True)
