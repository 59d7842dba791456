"""Tables with gaps: numbers and categories as columns of numbers, NaN where a cell is empty.

The only reader of files that takes missing values; what it returns is for models that know of
gaps (`miwae`), for imputation without one, and for applications that fill gaps with means.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from aejax.data import dataset as datasets
from aejax.data.checks import as_images
from aejax.data.dataset import Dataset, fingerprint
from aejax.data.tables import read_table, read_table_as_it_is
from aejax.errors import ConfigError

MOST_LEVELS = 50  # different words of a category
LEAST_ROWS = 20
NUMBERS = 0.5  # the share of a column's cells from which on it is one of numbers, with a slip


class Column(NamedTuple):
    """A column of the file: a number, or a category as one column of 0 and 1 a level."""

    name: Any
    start: int  # of its encoded columns
    levels: tuple[Any, ...] = ()  # of a category; () of a number
    whole: bool = False  # all its numbers are whole

    @property
    def stop(self) -> int:
        return self.start + max(1, len(self.levels))


class Gapped(NamedTuple):
    """A table with gaps."""

    name: str
    values: np.ndarray  # float64 [N, E], NaN in the gaps
    columns: tuple[Column, ...]
    frame: Any  # the file's own, as pandas read it; None of an array
    fingerprint: str

    @property
    def owner(self) -> np.ndarray:
        """Returns the column of the file that each encoded column is of, int [E]."""
        wide = [each.stop - each.start for each in self.columns]
        return np.repeat(np.arange(len(wide)), wide)

    def completed(self, filled: np.ndarray) -> Any:
        """Returns the file's table with its gaps filled, as a data frame.

        Whole numbers stay whole, a category gets its most likely level, and cells with a value stay
        as they are.

        Args:
          filled: [N, E], without gaps.
        """
        frame = self.frame.copy()
        for column in self.columns:
            gap = self.frame[column.name].isna().to_numpy()
            if not gap.any():
                continue
            part = filled[gap, column.start : column.stop]
            given = self.frame[column.name].astype(object)
            if column.levels:
                words = np.empty(len(column.levels), object)
                words[:] = column.levels
                given.iloc[np.flatnonzero(gap)] = words[part.argmax(1)]
            else:
                numbers = np.rint(part[:, 0]) if column.whole else part[:, 0]
                given = self.frame[column.name].astype(float)
                given.iloc[np.flatnonzero(gap)] = numbers
                given = given.astype(np.int64) if column.whole else given
            frame[column.name] = given
        return frame


def read_gapped(path: Path | str) -> Gapped:
    """Reads a `.csv`, `.tsv` or `.parquet` whose cells may be empty.

    A column of numbers stays one. A column of words, or of true and false, is a category.

    Raises:
      ConfigError: no such file, too few rows; a column that is empty, has an infinity, words
        between numbers, or too many different words: one line with file, column and row (the
        first is 0).
    """
    path = Path(path).expanduser()
    field = f"dataset={str(path)!r}"
    if not path.is_file():
        raise ConfigError(f"{field} is no file. Allowed: a .csv, .tsv or .parquet.")
    frame = read_table_as_it_is(path, field)
    if len(frame) < LEAST_ROWS or not len(frame.columns):
        raise ConfigError(
            f"{field} has {len(frame)} rows and {len(frame.columns)} columns. Allowed: "
            f"{LEAST_ROWS} rows or more, one column or more."
        )
    frame = frame.reset_index(drop=True)
    columns, values = _all_encoded(frame, field)
    return Gapped(str(path), values, columns, frame, fingerprint([values]))


def load_gapped(path: Path, test_fraction: float) -> Dataset:
    """Reads a table as `read_gapped` does, and its labels and splits as `tables.load_table`.

    A category is a column of 0 and 1 a level; NaN is an empty cell. A table of bytes stays one.

    Raises:
      ConfigError: as `read_gapped`, but of few rows, and as `tables.load_table`.
    """
    field = f"dataset={str(path)!r}"
    frame, labels = read_table(path, field)
    if not all(kind == np.uint8 for kind in frame.dtypes):
        _, frame = _all_encoded(frame.reset_index(drop=True), field)
    return datasets.hold_out(str(path), as_images(frame, field, gaps=True), labels, test_fraction)


def _all_encoded(frame: Any, field: str) -> tuple[tuple[Column, ...], np.ndarray]:
    """Returns the columns of a data frame and their numbers, float64 [N, E]."""
    if len(set(frame.columns)) < len(frame.columns):
        raise ConfigError(f"{field} has two columns of one name. Allowed: names that differ.")
    columns: list[Column] = []
    parts: list[np.ndarray] = []
    for name in frame.columns:
        start = columns[-1].stop if columns else 0
        column, values = _encoded(frame[name], name, start, f"{field}, column {str(name)!r}")
        columns.append(column)
        parts.append(values)
    return tuple(columns), np.concatenate(parts, axis=1)


def _encoded(given: Any, name: Any, start: int, field: str) -> tuple[Column, np.ndarray]:
    """Returns a column and its numbers [N, levels or 1]."""
    from pandas.api import types

    gap = given.isna().to_numpy()
    if gap.all():
        raise ConfigError(f"{field} has no value in any row. Allowed: one observed value or more.")
    if types.is_datetime64_any_dtype(given) or types.is_timedelta64_dtype(given):
        raise ConfigError(
            f"{field} is {given.dtype}. Allowed: numbers and categories; write times as numbers."
        )
    numbers = _numbers(given, gap, field)
    if numbers is not None:
        wrong = np.flatnonzero(np.isinf(numbers))
        if len(wrong):
            raise ConfigError(
                f"{field} holds {numbers[wrong[0]]} in row {wrong[0]}. Allowed: finite numbers, "
                "or an empty cell."
            )
        whole = bool((numbers[~gap] == np.rint(numbers[~gap])).all())
        return Column(name, start, whole=whole), numbers[:, None]
    levels = sorted(set(given[~gap]), key=str)
    if len(levels) > MOST_LEVELS:
        raise ConfigError(
            f"{field} has {len(levels)} different words, the first {given[~gap].iloc[0]!r:.40} in "
            f"row {np.flatnonzero(~gap)[0]}. Allowed: {MOST_LEVELS} at most; leave names out."
        )
    place = {level: i for i, level in enumerate(levels)}
    index = np.array([-1 if g else place[v] for v, g in zip(given, gap, strict=True)])
    values = (index[:, None] == np.arange(len(levels))).astype(np.float64)
    values[gap] = np.nan
    return Column(name, start, tuple(levels)), values


def _numbers(given: Any, gap: np.ndarray, field: str) -> np.ndarray | None:
    """Returns a column of numbers [N] with NaN in its gaps; None of a category.

    Raises:
      ConfigError: words between numbers.
    """
    from pandas import to_numeric
    from pandas.api import types

    if all(isinstance(value, bool | np.bool_) for value in given[~gap]):
        return None  # with gaps, pandas reads true and false as objects
    if types.is_numeric_dtype(given):
        return given.to_numpy(dtype=np.float64, na_value=np.nan)
    parsed: Any = to_numeric(given.where(~gap), errors="coerce")
    wrong = parsed.isna().to_numpy() & ~gap
    if (~gap).sum() - wrong.sum() <= NUMBERS * (~gap).sum():
        return None
    if wrong.any():
        at = int(wrong.argmax())
        raise ConfigError(
            f"{field} holds {given.iloc[at]!r:.40} in row {at}, between numbers. Allowed: numbers, "
            "or an empty cell where one is missing."
        )
    return parsed.to_numpy(dtype=np.float64, na_value=np.nan)
