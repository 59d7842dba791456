"""Compiled programs on disk that cannot be read: removed, so that they are written anew."""

from __future__ import annotations

import re
import sys
import warnings
import zlib
from pathlib import Path
from typing import Any

_MESSAGE = "Error reading persistent compilation cache entry for "
_ZLIB = b"\x78"  # its first byte; other methods have no check that needs nothing but Python


def mend(folder: Path, module: str) -> list[Path]:
    """Removes the broken entries of a module's programs; all of them where none looks broken.

    JAX reads an entry before it compiles and writes no entry that is there: a broken one would be
    compiled again at every start.

    Args:
      folder: the compile cache.
      module: the name that JAX warns of, such as "jit_run".

    Returns:
      What was removed.
    """
    entries = sorted(folder.glob(f"{module}-*-cache"))
    gone = [entry for entry in entries if not _unpacks(entry)] or entries
    for entry in gone:
        entry.unlink(missing_ok=True)
    return gone


def _unpacks(entry: Path) -> bool:
    data = entry.read_bytes()
    if not data.startswith(_ZLIB):
        return bool(data)
    try:
        zlib.decompress(data)
    except zlib.error:
        return False
    return True


def watch(folder: Path) -> None:
    """Mends the cache wherever JAX warns that it cannot read an entry; other warnings are shown."""
    show = warnings.showwarning

    def mending(message: Any, *rest: Any, **named: Any) -> None:
        found = re.match(re.escape(_MESSAGE) + r"'([^']+)'", str(message))
        if not found:
            show(message, *rest, **named)
            return
        try:
            gone = mend(folder, found.group(1))
        except OSError:  # somebody else's cache, read-only
            show(message, *rest, **named)
            return
        line = f"compile cache {folder}: {len(gone)} broken entries of {found.group(1)} made again"
        print(line, file=sys.stderr)

    warnings.filterwarnings("always", re.escape(_MESSAGE))
    warnings.showwarning = mending
