"""Classifiers on frozen codes by scikit-learn: linear, nearest neighbours, support vectors.

Codes are NumPy arrays of one member; `aejax.train.supervised.probe` trains a head on a population.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from aejax.data.checks import as_labels
from aejax.errors import ConfigError, check_at_least


class Coded(NamedTuple):
    """Codes [N, L] and labels [N] of a training and of a test set."""

    train: np.ndarray
    train_labels: np.ndarray
    test: np.ndarray
    test_labels: np.ndarray
    test_examples: np.ndarray | None = None  # [M, ...], for what compares them with their codes


class ErrorRate(NamedTuple):
    """A fraction of wrong labels, and the half width of its 95 % interval."""

    error: float
    half_width: float


def error_rate(wrong: np.ndarray) -> ErrorRate:
    """The error of a test set and its interval: p +- 1.96 sqrt(p (1 - p) / n).

    Vincent et al. 2010, section 5.1, whose tables mark what lies within the best's interval. It is
    the error of a finite test set alone, not of seeds.

    Args:
      wrong: bool [n], one or more.
    """
    p = float(np.mean(wrong))
    return ErrorRate(p, 1.96 * float(np.sqrt(p * (1 - p) / len(wrong))))


def check_coded(coded: Coded) -> Coded:
    """Returns flat float codes and whole labels.

    Raises:
      ConfigError: numbers of rows or features that do not agree, values that are not finite, or a
        training set of one label.
    """
    train, test = (np.asarray(c, np.float64).reshape(len(c), -1) for c in (coded.train, coded.test))
    if train.shape[1] != test.shape[1]:
        raise ConfigError(
            f"codes have {train.shape[1]} numbers in training and {test.shape[1]} in the test set. "
            "Allowed: equally many."
        )
    if not (np.isfinite(train).all() and np.isfinite(test).all()):
        raise ConfigError("codes hold NaN or infinity. Allowed: finite numbers.")
    train_labels = as_labels(coded.train_labels, len(train), "train_labels")
    test_labels = as_labels(coded.test_labels, len(test), "test_labels")
    if len(np.unique(train_labels)) < 2:
        raise ConfigError("train_labels hold one label. Allowed: two or more.")
    return coded._replace(
        train=train, train_labels=train_labels, test=test, test_labels=test_labels
    )


def _fit(estimator: Any, coded: Coded, standardise: bool) -> ErrorRate:
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    coded = check_coded(coded)
    fitted = make_pipeline(StandardScaler(), estimator) if standardise else estimator
    fitted.fit(coded.train, coded.train_labels)
    return error_rate(fitted.predict(coded.test) != coded.test_labels)


def linear_probe(
    coded: Coded, strength: float = 1.0, steps: int = 1000, standardise: bool = True
) -> ErrorRate:
    """Multinomial logistic regression on a frozen code.

    Args:
      coded: codes and labels.
      strength: scikit-learn's C, the inverse of the weight of the L2 penalty.
      steps: L-BFGS iterations at most; scikit-learn warns where they do not suffice.
      standardise: give every unit mean 0 and variance 1 on the training set first.

    Raises:
      ConfigError: as `check_coded`.
    """
    from sklearn.linear_model import LogisticRegression

    return _fit(LogisticRegression(C=strength, max_iter=steps), coded, standardise)


def nearest_neighbours(
    coded: Coded, neighbours: int = 5, metric: str = "euclidean", standardise: bool = False
) -> ErrorRate:
    """The majority label of the nearest training codes.

    Args:
      neighbours: k; the nearest of equals decides nothing, the smallest label does.
      metric: euclidean, cosine, or another of scikit-learn's.
      Others: as in `linear_probe`.

    Raises:
      ConfigError: as `check_coded`; more neighbours than training codes.
    """
    from sklearn.neighbors import KNeighborsClassifier

    check_at_least("neighbours", neighbours, 1)
    if neighbours > len(coded.train):
        raise ConfigError(
            f"neighbours={neighbours!r} is out of range. Allowed: 1 to {len(coded.train)}."
        )
    return _fit(KNeighborsClassifier(neighbours, metric=metric), coded, standardise)


def support_vectors(
    coded: Coded,
    kernel: str = "rbf",
    strength: float = 1.0,
    gamma: float | str = "scale",
    standardise: bool = False,
) -> ErrorRate:
    """A support vector machine on a frozen code.

    Args:
      kernel: rbf (the SVM_rbf of Vincent et al. 2010), linear or poly.
      strength: C.
      gamma: of the kernel; "scale" is 1 / (L Var(codes)).
      Others: as in `linear_probe`.

    Raises:
      ConfigError: as `check_coded`.
    """
    from sklearn.svm import SVC

    machine = SVC(C=strength, kernel=kernel).set_params(gamma=gamma)
    return _fit(machine, coded, standardise)
