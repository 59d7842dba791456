"""Raw files as their authors publish them: where from, which bytes, and placed by hand or not."""

from __future__ import annotations

import gzip
import hashlib
import os
import struct
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from aejax.errors import ConfigError, need

PROBE_SECONDS = 4.0  # a server that has not answered by then counts as out of reach

_IDX_UINT8 = 0x08  # the type code of unsigned bytes in an IDX header
_GZIP_PLAIN = bytes((0x1F, 0x8B, 8, 0))  # magic, deflate, no flags
_GZIP_NAMED = bytes((0x1F, 0x8B, 8, 8))  # the same with the original file's name in the header


class RawFile(NamedTuple):
    """One published file."""

    url: str
    sha256: str  # the one that TensorFlow Datasets has registered (a test compares them)
    gzip_time: int | None = None  # the time stamp in its gzip header; see `restored`

    @property
    def filename(self) -> str:
        """The name under which it is to be placed by hand: the last part of its address."""
        return self.url.rsplit("/", 1)[1]


def stage(
    name: str,
    files: Sequence[RawFile],
    manual_dir: Path,
    target: Path,
    known: Mapping[str, str],
) -> None:
    """Copies a data set's raw files into `target`, each checked against its sha256.

    A file is looked for in `manual_dir/NAME` (or the name with a dash) and then in `manual_dir`:
    several data sets have files of the same names, and the checksum tells them apart.

    Args:
      name: the data set.
      files: its files.
      manual_dir: where they were placed by hand.
      target: an existing folder.
      known: sha256 -> data set, of all raw files known: names a file that belongs elsewhere.

    Raises:
      ConfigError: files are missing, or one has other bytes than published.
    """
    folders = [manual_dir / name, manual_dir / name.replace("_", "-"), manual_dir]
    found = {
        file: folder / file.filename
        for file in files
        for folder in reversed(folders)  # the last one wins
        if (folder / file.filename).is_file()
    }
    if missing := [file for file in files if file not in found]:
        raise ConfigError(
            f"manual_dir={str(manual_dir)!r} lacks files of {name!r}, there or in its folder "
            f"{name!r}: {where_to_get(missing)}."
        )
    for file, path in found.items():
        try:
            data = restored(path.read_bytes(), file)
        except OSError as error:
            raise ConfigError(f"manual_dir: {str(path)!r} cannot be read: {error}.") from error
        check(data, file, str(path), known)
        (target / file.filename).write_bytes(data)


def where_to_get(files: Sequence[RawFile]) -> str:
    """Returns `A, B and C from ADDRESS`, for an error that asks for files."""
    bases = {file.url.rsplit("/", 1)[0] + "/" for file in files}
    names = [file.filename for file in files]
    listed = " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
    return f"{listed} from {' or '.join(sorted(bases))}"


def check(data: bytes, file: RawFile, path: str, known: Mapping[str, str] | None = None) -> None:
    """Raises ConfigError unless the sha256 of `data` is the registered one."""
    digest = hashlib.sha256(data).hexdigest()
    if digest != file.sha256:
        owner = (known or {}).get(digest)
        belongs = f" (that is {owner}'s file)" if owner else ""
        raise ConfigError(
            f"raw file {path!r} has sha256 {digest}{belongs}. Allowed: {file.sha256}, "
            f"as published at {file.url}."
        )


def restored(data: bytes, file: RawFile) -> bytes:
    """Gives a repackaged gzip file its published header back; other bytes are returned as they are.

    Debian's package of Fashion-MNIST has the authors' compressed stream, but with the file's name
    and time taken out of the gzip header (for reproducible packages), so that its checksum is
    another. With both put back it is the published file, which the checksum then proves.
    """
    if file.gzip_time is None or not data.startswith(_GZIP_PLAIN):
        return data
    stamp = struct.pack("<I", file.gzip_time)
    name = file.filename.removesuffix(".gz").encode() + b"\0"
    return _GZIP_NAMED + stamp + data[8:10] + name + data[10:]


def read_idx(path: str | os.PathLike[str], file: RawFile) -> np.ndarray:
    """Returns the uint8 array of a gzipped IDX file (MNIST's format), of any rank.

    Raises:
      ConfigError: the bytes are not the published ones, or no IDX file of unsigned bytes.
    """
    data = Path(path).read_bytes()
    check(data, file, str(path))
    content = gzip.decompress(data)
    zeros, kind, rank = struct.unpack(">HBB", content[:4])
    if (zeros, kind) != (0, _IDX_UINT8):
        raise ConfigError(f"raw file {str(path)!r} is not an IDX file of unsigned bytes.")
    shape = struct.unpack(f">{rank}I", content[4 : 4 + 4 * rank])
    return np.frombuffer(content, np.uint8, offset=4 + 4 * rank).reshape(shape)


def unreachable(url: str, seconds: float | None = None) -> str | None:
    """Returns None if the server answers for `url` in time, else why not, in a few words.

    Asked before TensorFlow Datasets downloads, which would try ten times, for minutes. It goes the
    same way (requests, so the same proxies and certificates), in a thread of its own: looking up a
    host's name cannot be given a time limit.
    """
    requests: Any = need("requests", "data")  # it comes with TensorFlow Datasets

    seconds = PROBE_SECONDS if seconds is None else seconds
    answer: list[str | None] = []

    def ask() -> None:
        try:
            response = requests.head(url, timeout=seconds, allow_redirects=True)
            answer.append(None if response.ok else f"HTTP status {response.status_code}")
        except Exception as error:  # not all are requests' own, and no thread should print one
            answer.append(type(error).__name__)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(seconds)
    return answer[0] if answer else f"no answer in {seconds:g} s"
