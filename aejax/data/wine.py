"""scikit-learn's wine table: 13 chemical measures of wines from three growers."""

from __future__ import annotations

from typing import Any

import numpy as np

from aejax.data import dataset as datasets
from aejax.data.dataset import Dataset


def load_wine(test_fraction: float = 0.2) -> Dataset:
    """Returns 178 rows, float32 [N, 13] as measured, not scaled; labels 0 to 2, the grower.

    Forina et al. 1991. `test_fraction` is held out by a fixed permutation.

    Raises:
      ConfigError: `test_fraction` is out of range.
    """
    from sklearn.datasets import load_wine as of_sklearn  # over a second

    bunch: Any = of_sklearn()
    rows, labels = bunch.data.astype(np.float32), bunch.target.astype(np.int32)
    return datasets.hold_out("wine", rows, labels, test_fraction)
