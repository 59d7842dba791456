"""The user's own tables: `.csv`, `.tsv` and `.parquet` by pandas, arrays in `.h5` by h5py."""

from __future__ import annotations

import csv
from collections import Counter
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
    if column.isna().any():
        raise ConfigError(
            f"{field}, column {names[0]!r} has no label in row {column.isna().to_numpy().argmax()}."
            " Allowed: a label a row; without any, another name of the column."
        )
    if not pandas.api.types.is_numeric_dtype(column):
        column = pandas.factorize(column, sort=True)[0]
    return frame.drop(columns=names), as_labels(column, len(frame), f"{field}, column {names[0]!r}")


def read_table_as_it_is(path: Path, field: str) -> Any:
    """Returns a table as a data frame: words, empty cells and labels stay columns as they are.

    Numbers in the first line of a text are an example and no names, but for 0, 1, 2, ..., which is
    what pandas calls columns without names.

    Raises:
      ConfigError: pandas is not installed, a file that cannot be read, no rows, row numbers as a
        column; of a text, two columns of one name, another separator, or a line with fewer fields
        or more (says which).
    """
    pandas: Any = need("pandas", EXTRA)
    read = {".csv": _text(","), ".tsv": _text("\t"), ".parquet": _parquet}[path.suffix.lower()]
    with _said(field, "table"):
        frame = read(pandas, path, field)
    if not len(frame):
        raise ConfigError(f"{field} has no rows. Allowed: one row or more.")
    _check_index(frame, field)
    return frame


def _text(separator: str) -> Callable[[Any, Path, str], Any]:
    def read(pandas: Any, path: Path, field: str) -> Any:
        _, first = next(_lines(path, separator), (0, []))
        named = not all(map(_is_number, first)) or first == [str(i) for i in range(len(first))]
        if named:
            _check_names(first, separator, field)
        header = 0 if named else None
        frame = pandas.read_csv(path, sep=separator, header=header, encoding="utf-8-sig")
        # Pandas takes fields beyond the names for an index, and those that are not there for gaps.
        if not isinstance(frame.index, pandas.RangeIndex) or frame.iloc[:, -1].isna().any():
            _check_fields(path, separator, len(first), field)
        return frame

    return read


def _lines(path: Path, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Yields the number and the fields of each line that is not empty."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, delimiter=separator)
        for fields in reader:
            if fields:
                yield reader.line_num, fields


def _check_names(names: list[str], separator: str, field: str) -> None:
    """Raises ConfigError for two columns of one name, or for names that were not taken apart."""
    twice = [name for name, count in Counter(names).items() if name and count > 1]
    if twice:
        places = " and ".join(str(i) for i, name in enumerate(names, 1) if name == twice[0])
        raise ConfigError(
            f"{field} has the name {twice[0]!r} in columns {places}, counted from 1. Allowed: "
            "names that differ."
        )
    other = next((mark for mark in ";\t|,"
                  if mark != separator and any(mark in name for name in names)), None)  # fmt: skip
    if len(names) < 2 and other:
        raise ConfigError(
            f"{field} has one column, {names[0]!r:.40}. Allowed: fields separated by "
            f"{separator!r}, and not by {other!r}."
        )


def _check_fields(path: Path, separator: str, wanted: int, field: str) -> None:
    """Raises ConfigError for the first line that has not as many fields as the first."""
    for number, fields in _lines(path, separator):
        if len(fields) != wanted:
            raise ConfigError(
                f"{field}, line {number} has {len(fields)} fields. Allowed: {wanted}, as the first "
                "line has; an empty cell keeps its separator."
            )


def _is_number(text: str) -> bool:
    try:
        float(text.strip().strip('"'))
    except ValueError:
        return False
    return True


def _parquet(pandas: Any, path: Path, field: str) -> Any:
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
