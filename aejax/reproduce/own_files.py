"""The user's own file or folder, by what is in it: rows of it are not those of what it was."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from aejax.errors import ConfigError
from aejax.reproduce.select import Row


def content_of(dataset: str) -> str | None:
    """Returns 16 hex digits of the names and bytes below a path; None where nothing is there.

    What begins with a dot is none of the user's. A data set's name is no path, as a rule.
    """
    path = Path(dataset).expanduser()
    if not path.exists():
        return None
    digest = hashlib.sha256()
    files = sorted(each for each in path.rglob("*") if each.is_file()) if path.is_dir() else [path]
    for file in files:
        name = "" if file == path else file.relative_to(path).as_posix()
        if any(part.startswith(".") for part in Path(name).parts):
            continue
        digest.update(f"{name}\0{file.stat().st_size}\0".encode())
        with file.open("rb") as opened:
            while chunk := opened.read(1 << 20):
                digest.update(chunk)
    return digest.hexdigest()[:16]


def check_unchanged(rows: Iterable[Row], content: str | None, dataset: str, workdir: Path) -> None:
    """Raises ConfigError where rows that are there were measured on what a file held before."""
    if content is None:
        return
    if any(row.get("content", content) != content for row in rows):
        raise ConfigError(
            f"workdir={str(workdir)!r} has rows of another content of dataset={dataset!r}, which "
            "has changed since. Allowed: another --workdir, or the files as they were."
        )
