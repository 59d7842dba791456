"""Where things lie: the data directory, and what is inside it.

    DATA_DIR/NAME/VERSION/            prepared by TensorFlow Datasets, in its own layout
    DATA_DIR/aejax_cache/NAME-VERSION/   the decoded table, memory-mappable

DATA_DIR is the option of that name, or `$AEJAX_DATA_DIR`, or `$XDG_CACHE_HOME/aejax`, or
`~/.cache/aejax`. A directory that TensorFlow Datasets already uses will do.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from aejax.errors import ConfigError, nearest


def data_dir(option: str | os.PathLike[str] | None = None) -> Path:
    """Returns the data directory, which need not exist yet.

    Raises:
      ConfigError: the path is there and is no directory.
    """
    chosen = option or os.environ.get("AEJAX_DATA_DIR") or user_cache()
    return _directory("data_dir", Path(chosen), must_exist=False)


def user_cache() -> Path:
    """Returns the user's own folder of ours, which need not exist yet."""
    # The XDG specification has an empty or a relative value ignored.
    xdg = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(xdg) if os.path.isabs(xdg) else Path("~/.cache")) / "aejax"


def manual_dir(option: str | os.PathLike[str] | None) -> Path | None:
    """Returns the directory of manually placed raw files, or None.

    Raises:
      ConfigError: it is missing or no directory.
    """
    return _directory("manual_dir", Path(option), must_exist=True) if option else None


def own(name: str | os.PathLike[str], known: Iterable[str], what: str) -> Path:
    """Returns the path of the user's own data, of a name that is none of those `known`.

    What is not there and has no suffix either is taken for a name that was misspelt.

    Args:
      name: as it was given.
      known: names of data sets.
      what: what a path may lead to, for the error.

    Raises:
      ConfigError: an unknown name.
    """
    path, known = Path(name).expanduser(), list(known)
    if path.suffix or path.exists():
        return path
    raise ConfigError(
        f"dataset={str(name)!r} is unknown.{nearest(str(name), known)} Allowed: "
        f"{', '.join(known)}, or a path to {what}."
    )


def prepared(root: Path, name: str, version: str) -> Path:
    """Returns where TensorFlow Datasets keeps (or would keep) a data set."""
    return root / name / version


def cache(root: Path, name: str, version: str) -> Path:
    """Returns the folder of a data set's decoded table."""
    return root / "aejax_cache" / f"{name}-{version}"


def _directory(field: str, path: Path, must_exist: bool) -> Path:
    try:
        path = path.expanduser().absolute()
    except RuntimeError as error:  # no HOME, or no such user
        raise ConfigError(
            f"{field}={str(path)!r} has no home directory. Allowed: a path without ~."
        ) from error
    if path.is_dir() or not (must_exist or path.exists()):
        return path
    found = "is no directory" if path.exists() else "does not exist"
    raise ConfigError(f"{field}={str(path)!r} {found}. Allowed: a directory.")
