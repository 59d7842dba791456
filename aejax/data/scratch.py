"""Folders to write in before renaming, which do not outlive the process, however it ends."""

from __future__ import annotations

import contextlib
import shutil
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import IO

try:
    import fcntl
except ImportError:  # Windows: leftovers are known by their age alone
    fcntl = None

_LIVE = ".aejax-tmp-"
_UNBORN = ".aejax-new-"  # made, but not locked yet
_STALE_SECONDS = 24 * 3600  # nothing takes a day here


@contextlib.contextmanager
def scratch(parent: Path) -> Iterator[Path]:
    """Yields an empty folder in `parent`; what is left in it goes in the end.

    First removes the scratch folders of processes that were killed. A live one holds a lock on the
    file `alive` in its folder, which the system lets go when the process dies.

    Raises:
      OSError: `parent` cannot be made or written.
    """
    parent.mkdir(parents=True, exist_ok=True)
    _sweep_up(parent)
    name = uuid.uuid4().hex
    work, unborn = parent / f"{_LIVE}{name}", parent / f"{_UNBORN}{name}"
    unborn.mkdir()  # not tempfile: what is renamed out of here gets the user's own permissions
    try:
        with (unborn / "alive").open("w") as alive:
            _lock(alive)
            unborn.rename(work)  # only now can others take it for a leftover, and see the lock
            yield work
    finally:
        shutil.rmtree(unborn, ignore_errors=True)
        shutil.rmtree(work, ignore_errors=True)


def _sweep_up(parent: Path) -> None:
    for left in parent.glob(".aejax-*"):
        with contextlib.suppress(OSError):
            old = time.time() - left.stat().st_mtime > _STALE_SECONDS
            live = left.name.startswith(_LIVE)
            if (old and left.name.startswith(_UNBORN)) or (live and (old or _abandoned(left))):
                shutil.rmtree(left, ignore_errors=True)


def _abandoned(work: Path) -> bool:
    with (work / "alive").open("r+") as alive:
        return _lock(alive)


def _lock(file: IO[str]) -> bool:
    """Locks a file until it is closed; False where another has it, or where there are no locks."""
    if fcntl is None:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
