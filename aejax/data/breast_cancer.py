"""scikit-learn's breast cancer table: 30 numbers of cell nuclei, benign or malignant."""

from __future__ import annotations

from typing import Any

import numpy as np

from aejax.data import dataset as datasets
from aejax.data.dataset import Dataset


def load_breast_cancer(test_fraction: float = 0.2) -> Dataset:
    """Returns 569 rows, float32 [N, 30] as measured, not scaled; labels 0 malignant, 1 benign.

    Wolberg, Street & Mangasarian 1995. `test_fraction` is held out by a fixed permutation.

    Raises:
      ConfigError: `test_fraction` is out of range.
    """
    from sklearn.datasets import load_breast_cancer as of_sklearn  # over a second

    bunch: Any = of_sklearn()
    rows, labels = bunch.data.astype(np.float32), bunch.target.astype(np.int32)
    return datasets.hold_out("breast_cancer", rows, labels, test_fraction)
