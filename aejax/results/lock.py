"""One writer of a work directory, or several that share it: a lock of the system, or a file."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import socket
from pathlib import Path
from typing import IO, Any

from aejax.errors import ConfigError
from aejax.results.workers import begun, here, listed, running

# What file systems without locks say; some network ones do.
NO_LOCKS = {errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EINVAL}
IN_USE = {errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES}


class Lock:
    """Holds a work directory until `close`; the system lets go of it where a process is killed.

    Without locks of the system, a file that names the process is made, and taken over where that
    process has ended.

    Args:
      workdir: the folder, which exists.
      shared: others may share it, but nobody have it alone. Without locks of the system, who wants
        it alone sees those who share it by their files in `workers/`.

    Raises:
      InUse: another process has it.
      OSError: the folder is not to be written.
    """

    def __init__(self, workdir: Path, shared: bool = False):
        self._handle: IO[str] | None = None
        self._file: Path | None = None
        handle = (workdir / ".lock").open("w")
        try:
            fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
            self._handle = handle
        except OSError as error:
            handle.close()
            if error.errno in NO_LOCKS:
                self._file = _taken(workdir / ".lock.owner", workdir)
                if shared:
                    self.close()
            elif error.errno in IN_USE:
                raise in_use(workdir, *who(workdir)) from error
            else:
                raise

    def close(self) -> None:
        """Lets another process have the directory."""
        if self._handle is not None:
            self._handle.close()
            self._handle = None
        if self._file is not None:
            self._file.unlink(missing_ok=True)
            self._file = None


class InUse(ConfigError):
    """Another process has the work directory."""


def who(workdir: Path) -> tuple[str, str]:
    """Returns in words who works there, as far as their files say, and what else is allowed."""
    ours = here()
    found = [s for s in listed(workdir) if s.place != ours or running(s.pid, s.since)]
    crew = [said.name for said in found if said.kind == "worker"]
    for said in found:
        if said.kind == "alone":
            return f"process {said.pid} of {said.place.host}", ""
    if crew:
        names = ", ".join(crew[:3]) + ", ..." * (len(crew) > 3)
        return f"{len(crew)} workers ({names})", ", or --launcher=local, which works along"
    return "another process", ""


def in_use(workdir: Path, who: str, remedy: str = "") -> InUse:
    """Returns what is said of a directory that others have."""
    return InUse(
        f"workdir={str(workdir)!r} is in use by {who}. "
        f"Allowed: another --workdir, or wait for it to end{remedy}."
    )


def _alive(owner: dict[str, Any]) -> bool:
    """Returns whether the process may be there: of another machine, nobody knows."""
    if owner["host"] != socket.gethostname():
        return True
    return running(owner["pid"], owner["begun"])


def _taken(path: Path, workdir: Path) -> Path:
    """Makes the file that says whose the directory is; at most one process can."""
    mine = {"host": socket.gethostname(), "pid": os.getpid(), "begun": begun(os.getpid())}
    for _ in range(2):
        try:
            with path.open("x") as file:
                file.write(json.dumps(mine))
            return path
        except FileExistsError:
            remedy = f"; where there is no such process, delete {path}"
            try:
                owner = json.loads(path.read_text())
                who = f"process {int(owner['pid'])} of {owner['host']}"
                alive = _alive(owner)
            except FileNotFoundError:
                continue  # it has just ended
            except (ValueError, KeyError, TypeError) as error:
                raise in_use(workdir, "another process", remedy) from error
            if alive:
                raise in_use(workdir, who, remedy) from None
            # Of several that see it ended, one renames it; another's fresh one is put back.
            old = path.with_name(f"{path.name}.{os.getpid()}.part")
            try:
                path.rename(old)
                if json.loads(old.read_text()) != owner:
                    old.rename(path)
                    raise in_use(workdir, "another process", remedy) from None
            except FileNotFoundError:
                continue
            finally:
                old.unlink(missing_ok=True)
    raise in_use(workdir, "another process")
