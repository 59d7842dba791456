"""Files written atomically: after a kill there is the old file or the new one, never a half."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

# What file systems without hard links say.
_NO_LINKS = {
    errno.EPERM, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK, errno.EINVAL,
}  # fmt: skip


@contextmanager
def named(path: Path) -> Iterator[None]:
    """Gives the system's errors the file, where they have none: a full disk is told at a write.

    Where a library's clean-up raised an error of its own after it, the system's is raised.
    """
    try:
        yield
    except Exception as error:
        found: BaseException | None = error
        while found is not None and not (isinstance(found, OSError) and found.errno):
            found = found.__cause__ or found.__context__
        if found is None:
            raise
        if found.filename is None:
            found.filename = str(path)
        if found is error:
            raise
        raise found from None


@contextmanager
def becoming(path: Path) -> Iterator[Path]:
    """Yields another name beside `path`, which becomes `path` where nothing was raised.

    Folders are made; what was written is on the disk before it is renamed, and gone after an
    error, so that a full disk has its room again.

    Raises:
      OSError: with the name of the file.
    """
    with named(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        part = _beside(path)
        try:
            yield part
            with part.open("rb") as file:
                os.fsync(file.fileno())
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)


def write_bytes(path: Path, data: bytes) -> None:
    """Writes under another name first, then renames; folders are made."""
    with becoming(path) as part:
        part.write_bytes(data)


def write_whole(path: Path, text: str) -> None:
    """Writes a text as `write_bytes` writes bytes."""
    write_bytes(path, text.encode())


def make_once(path: Path, text: str) -> bool:
    """Makes a file with its text, unless there is one; see `becoming_once`.

    Returns:
      Whether this call made it.

    Raises:
      OSError: with the name of the file.
    """
    with becoming_once(path) as (part, publish):
        part.write_text(text)
        return publish()


@contextmanager
def becoming_once(path: Path) -> Iterator[tuple[Path, Callable[[], bool]]]:
    """Yields another name beside `path`, and what gives the file its own, unless there is one.

    Of several processes that try, one makes it: by a hard link, which network file systems make
    once and whole; where there are no links, by an exclusive open, under which a reader may meet
    the file cut short. Folders are made; the other name is gone at the end.

    Raises:
      OSError: with the name of the file.
    """
    with named(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        part = _beside(path)
        try:
            yield part, lambda: _publish(part, path)
        finally:
            part.unlink(missing_ok=True)


def _publish(part: Path, path: Path) -> bool:
    """Returns whether this call made `path`."""
    try:
        os.link(part, path)
        return True
    except FileExistsError:
        # The answer of a server may get lost, and the call be made again.
        return part.stat().st_nlink > 1
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
    try:
        with path.open("xb") as file:
            file.write(part.read_bytes())
        return True
    except FileExistsError:
        return False


def _beside(path: Path) -> Path:
    """Returns a hidden name in the same folder, which no other call returns."""
    return path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}.part")
