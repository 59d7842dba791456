"""Fillers of gaps without an autoencoder: `fn(rows, seed, **setting) -> rows without gaps`.

Rows are [N, D] with NaN in the gaps, columns on one scale, and every column has an observed value.
What is observed stays as it is.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

ROUNDS = 4  # of iterative imputation: columns are visited so often
NEAREST = 40  # columns, correlated most, that predict one of many
TREES = 20


def column_mean(rows: np.ndarray, seed: int) -> np.ndarray:
    """The mean of what is observed of each column."""
    return np.where(np.isnan(rows), np.nanmean(rows, axis=0), rows)


def neighbours(rows: np.ndarray, seed: int, k: int) -> np.ndarray:
    """The mean of the k rows that are nearest in what both have. Troyanskaya et al. 2001.

    scikit-learn's KNNImputer: rows weighted by the inverse of their distance.
    """
    from sklearn.impute import KNNImputer

    imputer: Any = KNNImputer(n_neighbors=k, weights="distance")
    return imputer.fit_transform(rows)


def _iterated(rows: np.ndarray, seed: int, estimator: Any) -> np.ndarray:
    """Each column predicted from the others, in turn: scikit-learn's IterativeImputer."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.experimental import enable_iterative_imputer  # noqa: F401
    from sklearn.impute import IterativeImputer

    few, low, high = rows.shape[1] <= NEAREST, np.nanmin(rows, axis=0), np.nanmax(rows, axis=0)
    imputer: Any = IterativeImputer(
        estimator, max_iter=ROUNDS, n_nearest_features=None if few else NEAREST,
        random_state=seed, min_value=low,
        max_value=np.where(high > low, high, low + 1e-6),  # it takes no column of one value
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # its rounds are a setting here
        return imputer.fit_transform(rows)


def iterated_linear(rows: np.ndarray, seed: int, penalty: float) -> np.ndarray:
    """Columns by ridge regression on the others, in turns. van Buuren & Groothuis-Oudshoorn 2011.

    Their mean is what is filled in, with no draw.
    """
    from sklearn.linear_model import Ridge

    return _iterated(rows, seed, Ridge(alpha=penalty))


def iterated_trees(rows: np.ndarray, seed: int, features: float) -> np.ndarray:
    """Columns by forests on the others, in turns, like missForest. Stekhoven & Buehlmann 2012.

    Extremely randomised trees, of which each split sees a share `features` of the columns.
    """
    from sklearn.ensemble import ExtraTreesRegressor

    forest = ExtraTreesRegressor(
        TREES, max_features=features, min_samples_leaf=2, random_state=seed, n_jobs=1
    )
    return _iterated(rows, seed, forest)


def conditional_gaussian(
    rows: np.ndarray, mean: np.ndarray, covariance: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The mean of what is missing given what is observed, of a Gaussian that is known.

    Equation: m_m + S_mo S_oo^-1 (x_o - m_o), and the variances of S_mm - S_mo S_oo^-1 S_om. No
    filler has less squared error in the mean.

    Args:
      rows: [N, D] with NaN in the gaps.
      mean: [D].
      covariance: [D, D], positive definite.

    Returns:
      rows without gaps [N, D], and variances [N, D], 0 where there was no gap.
    """
    filled, variance = np.array(rows, np.float64), np.zeros(rows.shape)
    gaps = np.isnan(rows)
    for pattern in np.unique(gaps, axis=0):
        which, seen = (gaps == pattern).all(1), ~pattern
        across = covariance[np.ix_(pattern, seen)]
        solved = np.linalg.solve(covariance[np.ix_(seen, seen)], across.T)
        filled[np.ix_(which, pattern)] = (
            mean[pattern] + (rows[which][:, seen] - mean[seen]) @ solved
        )
        left = np.diag(covariance)[pattern] - np.einsum("mo,om->m", across, solved)
        variance[np.ix_(which, pattern)] = left
    return filled, variance


class ImputationMethod(NamedTuple):
    """The function, and the settings among which hidden entries choose."""

    fn: Callable[..., np.ndarray]
    grid: Mapping[str, Sequence[Any]]


IMPUTERS: dict[str, ImputationMethod] = {
    "column_mean": ImputationMethod(column_mean, {}),
    "neighbours": ImputationMethod(neighbours, {"k": (5, 10, 20, 40)}),
    "iterated_linear": ImputationMethod(iterated_linear, {"penalty": (1.0, 10.0, 100.0, 1000.0)}),
    "iterated_trees": ImputationMethod(iterated_trees, {"features": (0.33, 0.66, 1.0)}),
}
