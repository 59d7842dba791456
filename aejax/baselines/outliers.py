"""Outlier detectors of scikit-learn, all as `fit(x, seed, **setting) -> scores of rows`.

A score is higher for what is less like the rows of `fit`. Rows are [N, D] on one scale.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from aejax.errors import ConfigError

Detector = Callable[[np.ndarray], np.ndarray]  # rows [N, D] -> scores [N]


def pca_error(x: np.ndarray, seed: int, components: int) -> Detector:
    """Squared error of the reconstruction from the first principal components [N].

    Of as many as there can be below min(N, D): all of them would leave no error.
    """
    from sklearn.decomposition import PCA

    kept = min(components, min(x.shape) - 1)
    if kept < 1:
        raise ConfigError(f"pca_error has {x.shape} values. Allowed: two rows and columns or more.")
    fitted = PCA(kept, svd_solver="full").fit(x)

    def scores(rows: np.ndarray) -> np.ndarray:
        again = fitted.inverse_transform(fitted.transform(rows))
        return np.square(rows - again).sum(1)

    return scores


def isolation_forest(x: np.ndarray, seed: int, trees: int, max_samples: Any) -> Detector:
    """Short paths in random trees, each of a share `max_samples`. Liu, Ting & Zhou 2008."""
    from sklearn.ensemble import IsolationForest

    fitted = IsolationForest(n_estimators=trees, max_samples=max_samples, random_state=seed).fit(x)
    return lambda rows: -fitted.score_samples(rows)


def one_class_svm(x: np.ndarray, seed: int, nu: float, width: float) -> Detector:
    """Outside a surface around the rows, with a Gaussian kernel. Schölkopf et al. 2001.

    `width` multiplies scikit-learn's own choice of gamma, 1 / (D var x).
    """
    from sklearn.svm import OneClassSVM

    gamma = width / (x.shape[1] * max(float(x.var()), 1e-12))
    fitted = OneClassSVM(nu=nu, gamma=gamma).fit(x)
    return lambda rows: -fitted.decision_function(rows)


def nearest_neighbour(x: np.ndarray, seed: int, neighbours: int) -> Detector:
    """Mean distance to the nearest rows. Ramaswamy, Rastogi & Shim 2000 (their k-th distance)."""
    from sklearn.neighbors import NearestNeighbors

    fitted = NearestNeighbors(n_neighbors=min(neighbours, len(x)), algorithm="brute").fit(x)
    return lambda rows: fitted.kneighbors(rows)[0].mean(1)


class OutlierMethod(NamedTuple):
    """How it is fitted, and the settings among which validation rows choose."""

    fit: Callable[..., Detector]
    grid: Mapping[str, Sequence[Any]]


OUTLIERS: dict[str, OutlierMethod] = {
    "pca_error": OutlierMethod(pca_error, {"components": (2, 4, 8, 16, 32, 64)}),
    "isolation_forest": OutlierMethod(
        isolation_forest, {"trees": (100, 300), "max_samples": (0.5, 1.0)}
    ),
    "one_class_svm": OutlierMethod(
        one_class_svm, {"nu": (0.02, 0.1, 0.5), "width": (0.3, 1.0, 3.0)}
    ),
    "nearest_neighbour": OutlierMethod(nearest_neighbour, {"neighbours": (1, 3, 10, 30)}),
}
