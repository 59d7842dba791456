"""Tables and images of which entries are hidden: how they are read, hidden, scaled and judged."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np

from aejax.data.gapped import Gapped, read_gapped
from aejax.data.scaling import to_float
from aejax.evaluate.gaps import blocks, scattered
from aejax.reproduce.tasks import Context

VALID = 0.1  # of the observed entries, hidden to choose by
VALID_BLOCKS = 0.2  # of the images, which get a second block
TABLES = (".csv", ".tsv", ".parquet")  # read with their gaps


class Table(NamedTuple):
    """Rows as methods see them before anything is hidden."""

    values: np.ndarray  # float64 [N, E], NaN in gaps of the user's own
    owner: np.ndarray  # int [E], the column of the file
    image: tuple[int, ...]  # (H, W, C) of images, else ()
    gapped: Gapped | None = None  # the user's own file

    @property
    def scale(self) -> np.ndarray:
        """Returns the unit of RMSE of each column, [E]."""
        if self.image:
            return np.ones(self.values.shape[1])
        deviation = np.nanstd(self.values, axis=0)
        return np.where(deviation > 0, deviation, 1)

    @property
    def numbers(self) -> np.ndarray:
        """Returns which columns are numbers and no part of a category, bool [E]."""
        if self.gapped is None:
            return np.ones(self.values.shape[1], bool)
        return np.array([not self.gapped.columns[i].levels for i in self.owner])


def load_table(context: Context, name: str, most: int, side: int | None = None) -> Table:
    """Returns the rows of a data set, of train and test together, or of the user's file.

    Args:
      context: of the task.
      name: of the data set, or its path; a table may have gaps and categories.
      most: rows, the first.
      side: images of larger sides are halved, by means of 2 x 2 pixels; None: they are not.

    Raises:
      ConfigError: as `read_gapped` and `aejax.data.load`.
    """
    if Path(name).suffix.lower() in TABLES:
        gapped = read_gapped(name)
        context.read.setdefault(name, set()).add(gapped.fingerprint)
        return Table(gapped.values, gapped.owner, (), gapped)
    data = context.dataset(name, train_size=None, test_size=None)
    rows = np.concatenate([data.train[:most], data.test])[:most]
    rows = np.asarray(to_float(jnp.asarray(rows)), np.float64)
    if rows.ndim == 4 and side and max(rows.shape[1:3]) > side:
        n, h, w, c = rows.shape
        rows = rows.reshape(n, h // 2, 2, w // 2, 2, c).mean((2, 4))
    image = rows.shape[1:] if rows.ndim == 4 else ()
    flat = rows.reshape(len(rows), -1)
    return Table(flat, np.arange(flat.shape[1]), image)


class Hidden(NamedTuple):
    """What a seed hides of a table, bool [N, E] each."""

    test: np.ndarray  # what is judged
    valid: np.ndarray  # what chooses
    seen: np.ndarray  # what methods see


def hide(whole: Table, pattern: str, share: float, seed: int) -> Hidden:
    """Returns what a seed hides: entries at random, or a block of each image."""
    random, observed = np.random.RandomState(seed), ~np.isnan(whole.values)
    if pattern == "block":
        test = blocks(observed, share, whole.image, random)
        rest = observed & ~test
        some = random.random_sample(len(rest)) < VALID_BLOCKS
        valid = blocks(rest, share, whole.image, random) & some[:, None]
    else:
        test = scattered(observed, share, whole.owner, random)
        rest = observed & ~test
        valid = scattered(rest, VALID, whole.owner, random)
    return Hidden(test, valid, rest & ~valid)


class Standard(NamedTuple):
    """Columns on one scale, by what is seen of them; images stay as they are."""

    mean: np.ndarray  # [E]
    deviation: np.ndarray  # [E]

    @classmethod
    def of(cls, whole: Table, seen: np.ndarray) -> Standard:
        if whole.image:
            return cls(np.zeros(seen.shape[1]), np.ones(seen.shape[1]))
        known = np.where(seen, whole.values, np.nan)
        deviation = np.nanstd(known, axis=0)
        return cls(np.nanmean(known, axis=0), np.where(deviation > 0, deviation, 1))

    def rows(self, whole: Table, seen: np.ndarray) -> np.ndarray:
        """Returns rows [N, E] with NaN where nothing is seen."""
        return np.where(seen, (whole.values - self.mean) / self.deviation, np.nan)

    def back(self, rows: np.ndarray) -> np.ndarray:
        return rows * self.deviation + self.mean


def accuracy(whole: Table, values: np.ndarray, where: np.ndarray) -> float:
    """Returns the share of hidden categories whose most likely level is right; NaN of none."""
    right: list[np.ndarray] = []
    for column in whole.gapped.columns if whole.gapped else ():
        if column.levels:
            part = slice(column.start, column.stop)
            rows = where[:, column.start]
            right.append(values[rows, part].argmax(1) == whole.values[rows, part].argmax(1))
    found = np.concatenate(right) if right else np.zeros(0)
    return float(found.mean()) if len(found) else float("nan")
