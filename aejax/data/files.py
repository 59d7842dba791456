"""The user's own arrays: a `.npy`; a `.npz`, or a folder of `.npy`, with splits and labels."""

from __future__ import annotations

import math
import os
import tokenize
import zipfile
import zlib
from pathlib import Path
from typing import IO, Any

import numpy as np

from aejax.data import dataset as datasets
from aejax.data.checks import as_images, as_labels
from aejax.data.dataset import Dataset
from aejax.data.entry import as_bfloat16
from aejax.errors import ConfigError

# What people call these arrays; the first that the file holds is taken.
TRAIN = ("train", "x_train", "train_images", "train_films")
TEST = ("test", "x_test", "test_images", "test_films")
VALID = ("valid", "x_valid", "valid_images", "valid_films", "val", "x_val", "val_images")
SINGLE = ("x", "image", "images", "data", "films")
# [N, T, D]; what has rank 3 under another name is images of one channel.
FILMS = {"train_films", "valid_films", "test_films", "films"}
TRAIN_LABELS = ("train_labels", "y_train")
TEST_LABELS = ("test_labels", "y_test")
VALID_LABELS = ("valid_labels", "y_valid", "val_labels", "y_val")
SINGLE_LABELS = ("labels", "label", "y", "target", "targets")
_LABELS = {*TRAIN_LABELS, *TEST_LABELS, *VALID_LABELS, *SINGLE_LABELS}

SPARSE = {"format", "shape", "data"}  # in what scipy.sparse.save_npz writes, of any format

# What np.load and the zip underneath it raise for a file that is cut short or is something else.
UNREADABLE = (
    ValueError, OSError, EOFError, KeyError, TypeError, SyntaxError, MemoryError, OverflowError,
    RuntimeError, tokenize.TokenError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip


def load_npy(path: Path, test_fraction: float) -> Dataset:
    """Reads one array [N, ...], memory-mapped, and holds out `test_fraction` of it.

    Raises:
      ConfigError: the file is truncated, foreign or holds Python objects; or as `as_images`.
    """
    field = f"dataset={str(path)!r}"
    try:
        array = np.lib.format.open_memmap(path, mode="r")
    except UNREADABLE as error:
        raise _unreadable(field, "array", error) from error
    return datasets.hold_out(str(path), as_images(as_bfloat16(array), field), None, test_fraction)


def load_npz(path: Path, test_fraction: float) -> Dataset:
    """Reads an archive: `train` and `test` (or x_train, x_test), or one array; labels if there.

    `films`, or `train_films` and `test_films`, are T frames of D numbers each, [N, T, D].

    Beside `train`, `valid` (or x_valid, x_val) is the validation split as it stands. Without a
    test array, `test_fraction` of the training array is held out.

    Raises:
      ConfigError: truncated, foreign, pickled, encrypted, larger than the memory, or no array that
        can be told to be the images.
    """
    field = f"dataset={str(path)!r}"
    # Opened here: np.load leaves a file that it opened itself open when it is no archive.
    with path.open("rb") as file:
        try:
            archive = np.load(file, allow_pickle=False)
        except UNREADABLE as error:
            raise _unreadable(field, "archive", error) from error
        if isinstance(archive, np.ndarray):
            raise ConfigError(f"{field} is a single array. Allowed: the name .npy, or an archive.")
        if set(archive.files) >= SPARSE:
            raise ConfigError(
                f"{field} is a sparse matrix of scipy. Allowed: dense arrays here; sparse ones in "
                "sweeps (--config.dataset), load(..., sparse=True), fit, and as counts in topics."
            )
        check_sizes(file, field)
        return from_archive(archive, path, field, test_fraction)


def is_sparse_file(path: Path) -> bool:
    """Returns whether a file is an archive with the arrays that scipy.sparse.save_npz writes."""
    try:
        with zipfile.ZipFile(path) as archive:
            return {name.removesuffix(".npy") for name in archive.namelist()} >= SPARSE
    except UNREADABLE:
        return False


class _Folder:
    """The `.npy` files of a folder as an archive: each is memory-mapped where it is asked for."""

    def __init__(self, path: Path):
        self._path = path
        self.files = sorted(file.stem for file in path.glob("*.npy"))

    def __getitem__(self, name: str) -> np.ndarray:
        return np.lib.format.open_memmap(self._path / f"{name}.npy", mode="r")


def holds_arrays(folder: Path) -> bool:
    """Returns whether a folder is one of arrays, and not of images."""
    return any(folder.glob("*.npy"))


def load_arrays(folder: Path, test_fraction: float) -> Dataset:
    """Reads a folder of `.npy` files, named as the arrays of `load_npz` are.

    Where `train`, `test` and `valid` are files of their own, of uint8 or float32, nothing is
    copied: they are read as they are needed, and may be larger than the memory.

    Raises:
      ConfigError: as `load_npz`.
    """
    return from_archive(_Folder(folder), folder, f"dataset={str(folder)!r}", test_fraction)


def check_sizes(file: IO[bytes], field: str) -> None:
    """Checks what the arrays of an archive claim to hold, before any memory is taken for them.

    Raises:
      ConfigError: an encrypted one, one whose header says another size than it has, or arrays that
        do not fit the memory together.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
            for member in members:
                name = member.filename.removesuffix(".npy")
                if member.flag_bits & 1:
                    raise ValueError(f"array {name!r} is encrypted")
                if member.filename.endswith(".npy"):
                    claimed = _claimed_in(archive, member, field, f"array {name!r}")
                    if claimed is not None and claimed != member.file_size:
                        raise ValueError(
                            f"array {name!r} claims {claimed:,} bytes and has {member.file_size:,}"
                        )
    except ConfigError:  # of an array: it is a ValueError too
        raise
    except UNREADABLE as error:
        raise _unreadable(field, "archive", error) from error
    total, free = sum(m.file_size for m in members), _free_bytes()
    if total > free:
        raise ConfigError(
            f"{field} unpacks to {total / 1e9:,.1f} GB, and {free / 1e9:,.1f} GB of memory are "
            "free. Allowed: what fits; or a .npy, which is read as it is needed."
        )
    file.seek(0)


def _claimed_in(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, field: str, what: str
) -> int | None:
    """Returns `_claimed` of an archive's array; an error says which array it is."""
    try:
        with archive.open(member) as raw:
            return _claimed(raw)
    except UNREADABLE as error:
        raise _unreadable(field, what, error) from error


def _claimed(raw: IO[bytes]) -> int | None:
    """Returns the bytes of an array's file by its header; None where that holds no numbers."""
    version = np.lib.format.read_magic(raw)
    read = np.lib.format.read_array_header_1_0
    shape, _, kind = (read if version == (1, 0) else np.lib.format.read_array_header_2_0)(raw)
    if kind.hasobject:
        return None
    if any(isinstance(n, bool) or n < 0 for n in shape):
        raise ValueError(f"its header has the shape {shape}")
    return raw.tell() + math.prod(shape) * kind.itemsize


def _free_bytes() -> int:
    return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def from_archive(archive: Any, path: Path, field: str, test_fraction: float) -> Dataset:
    """Returns the data set of named arrays; see `load_npz`.

    Args:
      archive: `files` are the names, and `archive[name]` is an array.
      path, field: of the file, and what an error calls it.
      test_fraction: as in `load_npz`.

    Raises:
      ConfigError: as `load_npz`.
    """
    names = _roles(archive, field)
    arrays = {role: _read(archive, name, field) for role, name in names.items()}
    images = {
        role: as_images(arrays[role], f"{field}, array {names[role]!r}", films=names[role] in FILMS)
        for role in ("train", "test", "valid")
        if role in arrays
    }
    labels = {
        role: as_labels(arrays[f"{role}_labels"], len(images[role]), f"{field}, array {name!r}")
        for role in images
        if (name := names.get(f"{role}_labels"))
    }
    train, own = (images["train"], labels.get("train")), (images.get("valid"), labels.get("valid"))
    if "test" not in images:
        return datasets.hold_out(str(path), *train, test_fraction, *own)
    return datasets.make(str(path), train[0], images["test"], train[1], labels.get("test"), *own)


def _roles(archive: Any, field: str) -> dict[str, str]:
    """Returns {role: name in the archive} for train, test, valid and the labels of each."""
    held = archive.files
    first = lambda options: next((name for name in options if name in held), None)
    if train := first(TRAIN):
        roles = {
            "train": train,
            "test": first(TEST),
            "valid": first(VALID),
            "train_labels": first(TRAIN_LABELS),
            "test_labels": first(TEST_LABELS),
            "valid_labels": first(VALID_LABELS),
        }
    else:
        roles = {
            "train": first(SINGLE) or _only_numeric(archive, field),
            "train_labels": first(SINGLE_LABELS),
        }
    return {role: name for role, name in roles.items() if name}


def _only_numeric(archive: Any, field: str) -> str:
    """Returns the name of the one array of numbers that is not called like labels."""
    candidates = [name for name in archive.files if name not in _LABELS]
    if len(candidates) > 1:  # look inside only where names do not decide
        kinds = {name: _read(archive, name, field) for name in candidates}
        candidates = [name for name, a in kinds.items() if a.dtype.kind in "buif" and a.ndim > 1]
    if len(candidates) != 1:
        raise ConfigError(
            f"{field} holds the arrays {sorted(archive.files)}, and none is known as the examples."
            f" Allowed: {', '.join(TRAIN)} (with {', '.join((*TEST, *VALID))}), or one of "
            f"{', '.join(SINGLE)}, or a single array of numbers."
        )
    return candidates[0]


def _read(archive: Any, name: str, field: str) -> np.ndarray:
    try:
        array = archive[name]
    except UNREADABLE as error:
        raise _unreadable(field, f"array {name!r}", error) from error
    if not isinstance(array, np.ndarray):  # a zip of other things: its members come as bytes
        raise ConfigError(f"{field} holds {name!r}, which is no NumPy array. Allowed: arrays only.")
    return as_bfloat16(array)


def _unreadable(field: str, what: str, error: Exception) -> ConfigError:
    reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
    if "pickle" in reason or "Python objects" in reason:
        reason = "it holds Python objects, or is not a NumPy file"
    return ConfigError(
        f"{field}: the {what} cannot be read: {reason}. "
        "Allowed: an intact file of np.save or np.savez, with numbers only."
    )
