"""Files written atomically: after a kill there is the old file or the new one, never a half."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


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
        part = path.with_name(f".{path.name}.{os.getpid()}.part")
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
