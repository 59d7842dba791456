"""Data: a name or a path in, a `Dataset` of uint8 or float32 arrays out.

dataset = aejax.data.load("digits")
dataset = aejax.data.load("mnist", manual_dir="~/raw")
dataset = aejax.data.load("my_images.npz", test_fraction=0.1, valid_fraction=0.1, train_size=1000)
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from aejax.data import dataset as _dataset
from aejax.data import files, folder, gapped, paths, prepared, tables
from aejax.data.checks import as_images, as_labels
from aejax.data.dataset import Dataset
from aejax.data.sources import DATASETS, Options, Source, ensure_prepared
from aejax.data.sparse_files import load_sparse
from aejax.errors import ConfigError, lookup, nearest, plain

__all__ = [
    "DATASETS",
    "Dataset",
    "Prepared",
    "Source",
    "as_images",
    "as_labels",
    "load",
    "prepare",
    "state",
]

PathLike = str | os.PathLike[str]

_READERS = {
    ".npy": files.load_npy,
    ".npz": files.load_npz,
    ".csv": tables.load_table,
    ".tsv": tables.load_table,
    ".parquet": tables.load_table,
    ".h5": tables.load_h5,
    ".hdf5": tables.load_h5,
}
KINDS = f"a path to a {', '.join(_READERS)} or a folder of images"


def load(
    name: PathLike,
    *,
    data_dir: PathLike | None = None,
    manual_dir: PathLike | None = None,
    test_fraction: float = 0.2,
    valid_fraction: float = 0.0,
    train_size: int | None = None,
    test_size: int | None = None,
    resize: int | tuple[int, int] | None = None,
    gaps: bool = False,
    sparse: bool = False,
) -> Dataset:
    """Loads a data set by name, or the user's own: an array, a table or a folder of images.

    `digits` has shape (8, 8, 1), uint8, its grey levels 0..16 scaled so that 16 is 255; `mnist`
    and `fashion_mnist` have (28, 28, 1), uint8, and are prepared on first use. What one's own
    files may hold is said in `checks.as_images`, `files.load_npz` (for `.h5` and folders of `.npy`
    too), `tables.load_table` (`.csv`, `.tsv`, `.parquet`) and `folder.load_folder` (of images).

    Args:
      name: a key of DATASETS, or a path.
      data_dir: where prepared data and caches are kept; None: see `paths`.
      manual_dir: a folder with the raw files, for what is not prepared yet; None: the network.
      test_fraction: the share to hold out where there is no test split, above 0 and below 1.
      valid_fraction: the share of the training rows to hold out for validation, 0 or above and
        below 1; 0 (here, not in sweeps) leaves train and test as they come and `valid` None. The
        rows are fixed (`dataset.hold_valid`); a file's own validation split is taken instead.
      train_size: take the first so many training examples, of those that are not held out; None:
        all. The validation rows are the same for every size.
      test_size: the same for the test examples.
      resize: pixels (height, width), or one number for both; for a folder of images only.
      gaps: a table may have empty cells, which are NaN, and words, each of which is a column of 0
        and 1 (`gapped.load_gapped`); other files are read as ever.
      sparse: an `.npz` may be a sparse matrix of scipy, whose splits are then `SparseRows`.

    Raises:
      ConfigError (a ValueError): one line that names the field, the value and what is allowed.
    """
    _dataset.check_test_fraction(test_fraction)
    _dataset.check_valid_fraction(valid_fraction)
    if not isinstance(name, (str, os.PathLike)):
        raise ConfigError(f"dataset={name!r} is {type(name).__name__}. Allowed: a name or a path.")
    path = None if name in DATASETS else _own_path(name)
    size = _checked_resize(resize, path)
    if path is None:
        options = Options(paths.data_dir(data_dir), paths.manual_dir(manual_dir), test_fraction)
        source = DATASETS[str(name)]
        loaded = source.load(source, options)
    elif path.is_dir() and files.holds_arrays(path):
        loaded = files.load_arrays(path, test_fraction)
    elif path.is_dir():
        loaded = folder.load_folder(path, test_fraction, size)
    else:
        reader = _READERS[path.suffix.lower()]
        if gaps and reader is tables.load_table:
            reader = gapped.load_gapped
        if sparse and reader is files.load_npz and files.is_sparse_file(path):
            reader = load_sparse
        loaded = reader(path, test_fraction)
    return _dataset.take(_dataset.hold_valid(loaded, valid_fraction), train_size, test_size)


class Prepared(NamedTuple):
    """What `prepare` did."""

    name: str
    folder: Path | None  # None: embedded, nothing to prepare
    fresh: bool  # False: it was there already


def prepare(
    name: str, *, data_dir: PathLike | None = None, manual_dir: PathLike | None = None
) -> Prepared:
    """Prepares a data set and its cache, so that the first `load` is as quick as the later ones.

    Args:
      name: a key of DATASETS.
      data_dir: as in `load`.
      manual_dir: as in `load`.

    Raises:
      ConfigError: unknown name, no network, raw files missing or wrong, no place to write.
    """
    source = lookup("dataset", name, DATASETS)
    raw = DATASETS.get(source.base, source)
    if not raw.files:
        return Prepared(name, None, fresh=False)
    options = Options(paths.data_dir(data_dir), paths.manual_dir(manual_dir))
    fresh = ensure_prepared(source, options)
    source.load(source, options)
    return Prepared(name, paths.prepared(options.data_dir, raw.name, raw.version), fresh)


def state(name: str, *, data_dir: PathLike | None = None) -> str:
    """Returns `embedded`, `prepared` or `not prepared`; the last on its first use is prepared."""
    source = lookup("dataset", name, DATASETS)
    raw = DATASETS.get(source.base, source)
    if not raw.files:
        return "embedded"
    there = prepared.is_prepared(paths.data_dir(data_dir), raw.name, raw.version)
    return "prepared" if there else "not prepared"


def _own_path(name: PathLike) -> Path:
    """Returns the path of the user's own data, which exists and is of a known kind."""
    path = Path(name).expanduser()
    kinds = f"{', '.join(DATASETS)}, or {KINDS}"
    if not str(name):
        raise ConfigError(f"dataset='' is empty. Allowed: {kinds}.")
    if path.is_dir() or (path.is_file() and path.suffix.lower() in _READERS):
        return path
    if path.exists():
        raise ConfigError(
            f"dataset={str(name)!r} is a {path.suffix or 'plain'} file. Allowed: {kinds}."
        )
    if path.suffix or len(path.parts) > 1:
        beside = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
        raise ConfigError(
            f"dataset={str(name)!r} does not exist.{nearest(path.name, beside)} Allowed: {kinds}."
        )
    raise ConfigError(
        f"dataset={str(name)!r} is unknown.{nearest(name, DATASETS)} Allowed: {kinds}."
    )


def _checked_resize(
    resize: int | tuple[int, int] | None, path: Path | None
) -> tuple[int, int] | None:
    if resize is None:
        return None
    if path is None or not path.is_dir() or files.holds_arrays(path):
        raise ConfigError(f"resize={resize!r} is for a folder of images only. Allowed here: None.")
    sides = plain(resize)
    sides = sides if isinstance(sides, tuple) else (sides, sides)
    whole = all(isinstance(s, int) and not isinstance(s, bool) and 1 <= s <= 65535 for s in sides)
    if len(sides) != 2 or not whole:
        raise ConfigError(
            f"resize={resize!r} is out of range. Allowed: pixels a side, or (height, width)."
        )
    return sides
