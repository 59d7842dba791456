"""A series of the user's: rows of a table in the order of time, cut into windows by one rule.

The rule: the first three fifths of the rows are for training, the next fifth for validation, the
last for test, so that nothing is learnt from what comes later. Every run of successive rows of the
window's length within a part is a window; where there are more than wanted, evenly spaced ones.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from aejax.data.checks import as_images
from aejax.data.tables import read_table_as_it_is
from aejax.errors import ConfigError, lookup

SUFFIXES = (".csv", ".tsv", ".parquet")
PARTS = {"train": (0, 3), "valid": (3, 4), "test": (4, 5)}  # fifths


def is_series(name: str) -> bool:
    """Returns whether a data set is a table, whose rows are taken as a series."""
    return Path(name).suffix.lower() in SUFFIXES


def read_series(path: str | Path) -> np.ndarray:
    """Returns the series of a `.csv`, `.tsv` or `.parquet`, float32 [rows, columns].

    A row is a time step, and the rows are in the order of time; every column is a number.

    Raises:
      ConfigError: no such file; what is no number, or is missing (says column and row); as
        `tables.read_table_as_it_is`.
    """
    path = Path(path).expanduser()
    if not path.is_file():
        raise ConfigError(f"dataset={str(path)!r} is no file. Allowed: a table of numbers.")
    field = f"dataset={str(path)!r}"
    found = as_images(read_table_as_it_is(path, field), field)
    return np.asarray(found, np.float32)


def windows(series: np.ndarray, length: int, part: str, most: int, field: str) -> np.ndarray:
    """Returns a part's windows [N, length, columns], by the module's rule.

    Args:
      series: [rows, columns].
      length: rows of a window.
      part: train, valid or test.
      most: windows.
      field: how an error names the series.

    Raises:
      ConfigError: an unknown part, or too few rows for a window in each part.
    """
    begin, end = lookup("part", part, PARTS)
    if len(series) // 5 < length:
        raise ConfigError(
            f"{field} has {len(series)} rows. Allowed: {5 * length} or more in the order of time, "
            f"so that the last fifth has a window of {length}."
        )
    rows = series[len(series) * begin // 5 : len(series) * end // 5]
    count = len(rows) - length + 1
    starts = np.unique(np.linspace(0, count - 1, min(most, count)).astype(int))
    return np.stack([rows[start : start + length] for start in starts])
