"""The user's own tables: `.csv`, `.tsv` and `.parquet` by pandas, arrays in `.h5` by h5py."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from aejax.data import dataset as datasets
from aejax.data.checks import as_images, as_labels
from aejax.data.dataset import Dataset
from aejax.data.files import SINGLE_LABELS, from_archive
from aejax.errors import ConfigError, need

EXTRA = "tables"


def load_table(path: Path, test_fraction: float) -> Dataset:
    """Reads a `.csv`, `.tsv` or `.parquet`: an example a line, a number a column.

    A column called label, labels, y, target or targets is the labels: whole numbers, or names,
    which are counted from 0 in their order. `test_fraction` of the examples is held out.

    Raises:
      ConfigError: pandas is not installed; a file that cannot be read; what is no number, or is
        missing (says column and row, the first row being 0).
    """
    field = f"dataset={str(path)!r}"
    rows, labels = read_table(path, field)
    return datasets.hold_out(str(path), as_images(rows, field), labels, test_fraction)


def read_table(path: Path, field: str) -> tuple[Any, np.ndarray | None]:
    """Returns a table's features as a data frame, and its labels [N] where it has any."""
    pandas: Any = need("pandas", EXTRA)
    frame = read_table_as_it_is(path, field)
    names = [n for n in frame.columns if str(n).strip().lower() in SINGLE_LABELS]
    if len(names) != 1 or len(frame.columns) == 1:
        return frame, None
    column = frame[names[0]]
    if not pandas.api.types.is_numeric_dtype(column) and column.notna().all():
        column = pandas.factorize(column, sort=True)[0]
    return frame.drop(columns=names), as_labels(column, len(frame), f"{field}, column {names[0]!r}")


def read_table_as_it_is(path: Path, field: str) -> Any:
    """Returns a table as a data frame: words, empty cells and labels stay columns as they are.

    Raises:
      ConfigError: pandas is not installed, a file that cannot be read, or row numbers as a column.
    """
    pandas: Any = need("pandas", EXTRA)
    read = {".csv": _text(","), ".tsv": _text("\t"), ".parquet": _parquet}[path.suffix.lower()]
    with _said(field, "table"):
        frame = read(pandas, path)
    _check_index(frame, field)
    return frame


def _text(separator: str) -> Callable[[Any, Path], Any]:
    def read(pandas: Any, path: Path) -> Any:
        with path.open(encoding="utf-8-sig") as file:
            first = file.readline().rstrip("\n").split(separator)
        # Numbers in the first line are an example, and not names of columns.
        header = None if all(map(_is_number, first)) else 0
        return pandas.read_csv(path, sep=separator, header=header, encoding="utf-8-sig")

    return read


def _is_number(text: str) -> bool:
    try:
        float(text.strip().strip('"'))
    except ValueError:
        return False
    return True


def _parquet(pandas: Any, path: Path) -> Any:
    need("pyarrow", EXTRA)
    return pandas.read_parquet(path)


def _check_index(frame: Any, field: str) -> None:
    """Raises ConfigError for row numbers that were written as a column: they are no feature."""
    for name in frame.columns:
        if not str(name).startswith(("Unnamed:", "__index_level_")):
            continue
        column = np.asarray(frame[name])
        if column.dtype.kind in "iu" and (np.diff(column) == 1).all():
            raise ConfigError(
                f"{field}, column {name!r} counts the rows. Allowed: features only; write the "
                "table with index=False."
            )


def load_h5(path: Path, test_fraction: float) -> Dataset:
    """Reads the arrays of an HDF5 file, with the names and meanings of `files.load_npz`.

    Raises:
      ConfigError: h5py is not installed; a file that cannot be read, or no array that can be told
        to be the examples; as `as_images`.
    """
    field = f"dataset={str(path)!r}"
    with open_h5(path, field) as archive:
        return from_archive(archive, path, field, test_fraction)


class H5Arrays:
    """The arrays at the top of an HDF5 file, by name, as an `.npz` has them."""

    def __init__(self, file: Any, kind: type):
        self.file = file
        self.files = [name for name, entry in file.items() if isinstance(entry, kind)]

    def __getitem__(self, name: str) -> np.ndarray:
        return np.asarray(self.file[name][()])


@contextmanager
def open_h5(path: Path, field: str) -> Iterator[H5Arrays]:
    """Yields the arrays of an HDF5 file.

    Raises:
      ConfigError: as `load_h5`; a table that pandas wrote, which is no array.
    """
    h5py: Any = need("h5py", EXTRA)
    with _said(field, "file"), h5py.File(path, "r") as file:
        for name, entry in file.items():
            if "pandas_type" in entry.attrs:
                raise ConfigError(
                    f"{field} holds {name!r}, a table of pandas. Allowed: arrays; or the table as "
                    ".parquet (frame.to_parquet)."
                )
        yield H5Arrays(file, h5py.Dataset)


@contextmanager
def _said(field: str, what: str) -> Iterator[None]:
    """Turns what a library raises for a broken file into one line."""
    try:
        yield
    except ConfigError:
        raise
    except Exception as error:
        reason = " ".join(str(error).split()).rstrip(".") or type(error).__name__
        raise ConfigError(
            f"{field}: the {what} cannot be read: {reason}. Allowed: an intact file."
        ) from error
