"""The file around a range coder's words: 18 bytes that say how to read them, and check them."""

from __future__ import annotations

import struct
import zlib
from typing import NamedTuple

from aejax.errors import ConfigError

MAGIC, VERSION = b"aejx", 1
_FORM = struct.Struct("<4sBBIII")
SIZE = _FORM.size


class Header(NamedTuple):
    """What stands before the words."""

    layout: int  # of the user's array: see aejax/api/compressing.py
    count: int  # rows
    mark: int  # of the tables


def pack(header: Header, words: bytes) -> bytes:
    """Returns header and words as one file."""
    check = zlib.crc32(words)
    return _FORM.pack(MAGIC, VERSION, header.layout, header.count, header.mark, check) + words


def unpack(data: bytes) -> tuple[Header, bytes]:
    """Returns header and words of a file.

    Raises:
      ConfigError: what is no such file, is of a newer version, cut short or changed.
    """
    data = bytes(data)
    if len(data) < SIZE or data[:4] != MAGIC:
        raise ConfigError(
            f"data of {len(data)} bytes begins with {data[:4]!r}. Allowed: what aejax.compress "
            f"returned, {SIZE} bytes or more that begin with {MAGIC!r}."
        )
    _, version, layout, count, mark, check = _FORM.unpack(data[:SIZE])
    if version != VERSION:
        raise ConfigError(f"data is of version {version}. Allowed: {VERSION}.")
    words = data[SIZE:]
    if zlib.crc32(words) != check:
        raise ConfigError(
            f"data is damaged: the {len(words)} bytes from byte {SIZE} on are not those that were "
            "written. Allowed: the whole of what aejax.compress returned."
        )
    return Header(layout, count, mark), words
