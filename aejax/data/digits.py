"""scikit-learn's digits: the data set that is always there."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from aejax.data import dataset as datasets
from aejax.data.dataset import Dataset


def load_digits(test_fraction: float = 0.2) -> Dataset:
    """Returns 1,797 handwritten digits, uint8 [N, 8, 8, 1], from the installed scikit-learn.

    The file's grey levels 0..16 (counts of dark pixels in a 4x4 block) are scaled so that 16 is
    255, and rounded: every loader's uint8 is on one scale. It has no test split of its own, so
    `test_fraction` is held out by a fixed permutation: by default 1,437 train and 360 test.

    Raises:
      ConfigError: `test_fraction` is out of range.
    """
    levels, target = _table()
    images = np.rint(levels.reshape(-1, 8, 8, 1) * (255 / 16)).astype(np.uint8)
    return datasets.hold_out("digits", images, target.astype(np.int32), test_fraction)


def _table() -> tuple[np.ndarray, np.ndarray]:
    """Returns grey levels [N, 64] and labels [N]."""
    spec = find_spec("sklearn")  # which imports nothing: to import it takes a second
    folder = Path((spec.submodule_search_locations or [""])[0]) if spec else Path()
    file = folder / "datasets" / "data" / "digits.csv.gz"
    if file.is_file():
        table = np.loadtxt(file, delimiter=",")
        return table[:, :-1], table[:, -1]
    from sklearn import datasets as sklearn_datasets  # it has moved the file

    bunch: Any = sklearn_datasets.load_digits()
    return bunch.data, bunch.target
