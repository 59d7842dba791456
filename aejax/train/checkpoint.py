"""Orbax checkpoints of a population: one tree, atomically written; the newest two are kept.

Beside them lies a note, written last: what a resumed run has to know before it can restore, and the
SHA-256 of every file of each checkpoint. What is not in the note, or not as it says, is damaged.
"""

from __future__ import annotations

import errno
import hashlib
import io
import json
import logging
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr
from pathlib import Path
from typing import Any

import jax
import numpy as np

from aejax.errors import ConfigError
from aejax.io import write_whole
from aejax.types import PyTree

KEPT = 2  # the one before the newest is there for when that is damaged
# What Orbax and its libraries raise where a disk is full or broken, or where files are strange.
_BROKEN = (ValueError, KeyError, TypeError, RuntimeError, AttributeError, AssertionError, OSError)


SETTLING = 0.3  # seconds


@contextmanager
def _quiet() -> Iterator[None]:
    """Orbax's threads print, over a hundred lines, what they raise after that.

    So where something is raised, what was printed is dropped, and the threads get a moment to end.
    """
    log, hook = logging.getLogger("absl"), sys.unraisablehook
    before, log.disabled = log.disabled, True
    said = io.StringIO()
    unheard: list[Any] = []  # what a thread could not raise anywhere
    sys.unraisablehook = unheard.append
    try:
        with redirect_stderr(said):
            try:
                yield
            except _BROKEN:
                time.sleep(SETTLING)
                said.truncate(0)
                said.seek(0)
                unheard.clear()
                raise
    finally:
        log.disabled, sys.unraisablehook = before, hook
        for each in unheard:
            hook(each)
        if said.getvalue():
            print(said.getvalue(), end="", file=sys.stderr)


def _digest(facts: Any) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _digests(folder: Path) -> dict[str, str]:
    """Returns the SHA-256 of each file below a folder."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            with path.open("rb") as file:
                name = path.relative_to(folder).as_posix()
                found[name] = hashlib.file_digest(file, "sha256").hexdigest()
    return found


class Checkpoint:
    """The checkpoints of one group, in a directory of its own.

    Orbax is imported on first use: that takes a second, and training without a directory never
    needs it.

    Args:
      directory: where they lie; the note lies beside it.
      say: told, in a line, where a run does not simply go on.
      changed: what a run does whose program is not the one that wrote the checkpoint: "restart"
        or "continue".

    Attributes:
      damaged: what `note` and `latest` found damaged.
    """

    def __init__(
        self,
        directory: Path,
        say: Callable[[str], None] = logging.warning,
        changed: str = "restart",
    ):
        self.directory = Path(directory).absolute()
        self.say, self.changed = say, changed
        self.damaged: list[str] = []
        self._manager: Any = None
        self._facts: dict[str, Any] = {}
        self._steps: dict[str, dict[str, str]] = {}

    def _open(self) -> Any:
        if self._manager is None:
            import orbax.checkpoint as ocp

            options = ocp.CheckpointManagerOptions(
                max_to_keep=KEPT, create=True, enable_async_checkpointing=False
            )
            self._manager = ocp.CheckpointManager(self.directory, options=options)
        return self._manager

    def save(self, step: int, tree: PyTree) -> None:
        """Writes `tree` under the number `step`; if killed on the way, the last one stays.

        As arrays of the host, so that any number of devices can restore them.

        Raises:
          OSError: the disk is full, or not to be written.
        """
        import orbax.checkpoint as ocp

        host = jax.tree.map(np.asarray, jax.device_get(tree))
        try:
            with _quiet():
                self._open().save(step, args=ocp.args.StandardSave(host), force=True)
        except _BROKEN as error:
            raise _of_the_system(error, self.directory) from error
        kept = {*sorted(map(int, self._steps))[1 - KEPT :]}
        self._steps = {k: v for k, v in self._steps.items() if int(k) in kept}
        self._steps[str(step)] = _digests(self.directory / str(step))
        self._write()

    def latest(self) -> int | None:
        """Returns the number of the newest whole checkpoint, or None; removes what is not whole."""
        for step in sorted(self._steps, key=int, reverse=True):
            folder = self.directory / step
            if _same(folder, self._steps[step]):
                break
            self.damaged.append(f"{self.directory.name}/{step}")
            del self._steps[step]
        for path in self.directory.glob("*"):
            if path.name not in self._steps:
                _remove(path)  # of a save that was killed, or damaged
        return max(map(int, self._steps), default=None)

    def restore(self, step: int, like: PyTree) -> PyTree:
        """Returns the tree that was saved at `step`, as arrays of the host.

        Args:
          step: from `latest`.
          like: a tree of arrays or shapes, as it was saved.

        Raises:
          ConfigError: what is stored has another structure (a checkpoint of another version).
        """
        import orbax.checkpoint as ocp

        shapes = jax.tree.map(lambda leaf: np.empty(leaf.shape, leaf.dtype), like)
        try:
            with _quiet():
                return self._open().restore(step, args=ocp.args.StandardRestore(shapes))
        except _BROKEN as error:
            reason = " ".join(str(error).split())[:200]
            raise ConfigError(
                f"checkpoint {self.directory}/{step} is not one of this run: {reason}. "
                "Allowed: one that the same config wrote; delete the folder to start over."
            ) from error

    @property
    def _note(self) -> Path:
        return self.directory.with_name(f"{self.directory.name}.json")

    def note(self) -> dict[str, Any] | None:
        """Returns what `write_note` wrote; None where there is nothing to go on from."""
        self._facts, self._steps = {}, {}
        try:
            said = json.loads(self._note.read_bytes())
            told = said["told"]
            if said["sha256"] != _digest(told):
                raise ValueError("another checksum")
            self._facts, self._steps = dict(told["facts"]), dict(told["steps"])
        except FileNotFoundError:
            if not self.directory.is_dir():
                return None
            self._lost()
        except (ValueError, KeyError, TypeError, RecursionError):
            self._lost()
        return self._facts or None

    def _lost(self) -> None:
        """Without a note nobody knows whose the checkpoints are."""
        self.damaged.append(self._note.name)
        self.clear()

    def write_note(self, facts: dict[str, Any]) -> None:
        """Writes what a resumed run has to know before it can restore."""
        self._facts = facts
        self._write()

    def _write(self) -> None:
        told = {"facts": self._facts, "steps": self._steps}
        write_whole(self._note, json.dumps({"told": told, "sha256": _digest(told)}))

    def close(self) -> None:
        """Closes the manager."""
        if self._manager is not None:
            self._manager.close()
            self._manager = None

    def clear(self) -> None:
        """Removes the checkpoints and the note: the run begins anew, or has ended."""
        self.close()
        self._facts, self._steps = {}, {}
        # The note first: without it, a checkpoint is nobody's.
        self._note.unlink(missing_ok=True)
        if self.directory.is_dir():
            shutil.rmtree(self.directory, ignore_errors=True)

    delete = clear


def _same(folder: Path, digests: dict[str, str]) -> bool:
    try:
        return bool(digests) and _digests(folder) == digests
    except OSError:  # a sector that cannot be read
        return False


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _of_the_system(error: BaseException, where: Path) -> BaseException:
    """Returns the system's error that a library's message quotes; else the error itself."""
    if isinstance(error, OSError) and error.errno:
        return error
    for number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EIO):
        if os.strerror(number) in str(error):
            return OSError(number, os.strerror(number), str(where))
    return error
