"""Linear regression with a penalty: what features tell of a number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from aejax.baselines.choosing import best

ALPHAS = (0.1, 1.0, 10.0, 100.0, 1000.0, 10000.0)  # of the penalty


def ridge_r2(train: Any, valid: Any, test: Any, values: Sequence[np.ndarray]) -> float:
    """Returns R^2 on test rows of a ridge regression whose strength validation rows chose.

    Args:
      train: features [N, F], standardised by these rows, as the others are.
      valid: features of the rows that choose.
      test: features of the rows that are judged.
      values: what is to be known of each part, [N] each.
    """
    from sklearn.linear_model import Ridge
    from sklearn.preprocessing import StandardScaler

    scaled: Any = StandardScaler().fit(train)
    train, valid, test = (scaled.transform(part) for part in (train, valid, test))
    fits = {alpha: Ridge(alpha=alpha).fit(train, values[0]) for alpha in ALPHAS}
    scores = {str(alpha): [fit.score(valid, values[1])] for alpha, fit in fits.items()}
    return float(fits[float(best(scores))].score(test, values[2]))
