"""MIG, SAP and DCI: scores of codes [N, L] drawn together with their factors [N, F].

All are 1 at best and ask, each in its way, whether every factor stands in one unit. None of them is
a property of codes alone: the number of rows, the bins and the classifier belong to the score, and
the defaults are those with which Locatello et al. 2019 compared models.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from aejax.errors import ConfigError, check_at_least, lookup
from aejax.evaluate.shapes import classes_of, codes_of, columns_of


def _checked(codes: np.ndarray, factors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns codes and factors; factors of one value, which nothing can hold, are left out."""
    codes = codes_of(codes)
    factors = columns_of(factors, len(codes))
    varied = np.ptp(factors, axis=0) > 0
    if not varied.any():
        raise ConfigError("every factor has one value. Allowed: one factor of two or more.")
    return codes, factors[:, varied]


def _held(
    codes: np.ndarray, factors: np.ndarray, test_codes: Any, test_factors: Any
) -> tuple[np.ndarray, np.ndarray]:
    """Returns the codes and the factors (those that vary in training) of a test set."""
    held = codes_of(test_codes, "test_codes")
    classes = classes_of(test_factors, len(held), "test_factors")
    factors = columns_of(factors, len(codes))
    if (held.shape[1], classes.shape[1]) != (codes.shape[1], factors.shape[1]):
        raise ConfigError(
            f"test_codes {held.shape} and test_factors {classes.shape} do not go with codes "
            f"{codes.shape} and factors {factors.shape}. Allowed: equally many columns."
        )
    return held, classes[:, np.ptp(factors, axis=0) > 0]


def _gap(scores: np.ndarray) -> np.ndarray:
    """The best less the second best of [L, F] over units; beside a single unit stands 0."""
    padded = np.concatenate([scores, np.zeros_like(scores[:1])]) if len(scores) == 1 else scores
    best = np.sort(padded, axis=0)
    return best[-1] - best[-2]


def discretise(codes: np.ndarray, bins: int) -> np.ndarray:
    """Each unit's value as the number of its bin, of equal width from least to greatest: [N, L]."""
    check_at_least("bins", bins, 2)
    low, width = codes.min(0), np.ptp(codes, axis=0)
    scaled = (codes - low) / np.where(width > 0, width, 1.0)
    return np.minimum((scaled * bins).astype(np.int64), bins - 1)


def mutual_information(codes: np.ndarray, factors: np.ndarray) -> np.ndarray:
    """I(code; factor) in nats of each pair of discrete columns, [L, F], by counting.

    Counting few rows in many cells finds information where there is none, about
    (bins - 1)(values - 1) / 2N nats.
    """
    found = np.zeros((codes.shape[1], factors.shape[1]))
    columns = [np.unique(c, return_inverse=True)[1] for c in codes.T]
    others = [np.unique(f, return_inverse=True)[1] for f in factors.T]
    for i, code in enumerate(columns):
        for j, factor in enumerate(others):
            joint = np.zeros((code.max() + 1, factor.max() + 1))
            np.add.at(joint, (code, factor), 1.0 / len(code))
            independent = joint.sum(1, keepdims=True) * joint.sum(0, keepdims=True)
            there = joint > 0
            found[i, j] = np.sum(joint[there] * np.log(joint[there] / independent[there]))
    return found


def mutual_information_gap(
    codes: np.ndarray, factors: np.ndarray, bins: int | None = 20
) -> np.ndarray:
    """MIG by factor, [F]; its mean is the score. Chen et al. 2018, section 4.

    Equation: (I(z_j; v) - max_{i != j} I(z_i; v)) / H(v), j the unit with most information.

    Args:
      codes: [N, L]; means of the posterior as in Locatello et al. 2019 (Chen et al. draw from it).
      factors: [N, F], whole numbers; of continuous ones, `discretise(factors, bins)`.
      bins: of equal width by unit; None: the codes are discrete as they are.

    Raises:
      ConfigError: shapes that do not agree, continuous factors, factors of one value, bins below 2.
    """
    codes, factors = _checked(codes, factors)
    classes_of(factors, len(codes))
    discrete = codes if bins is None else discretise(codes, bins)
    entropy = np.diag(mutual_information(factors, factors))
    return _gap(mutual_information(discrete, factors)) / entropy


def separated_attribute_predictability(
    codes: np.ndarray,
    factors: np.ndarray,
    test_codes: np.ndarray | None = None,
    test_factors: np.ndarray | None = None,
) -> np.ndarray:
    """SAP by factor, [F]; its mean is the score. Kumar et al. 2018, section 3.

    Equation: the best unit's score less the second's. Without test rows factors count as
    continuous, and a score is the squared correlation of unit and factor; with them as classes, and
    a score is the test accuracy of a linear support vector machine on the one unit, which can tell
    two classes apart and not, in one dimension, ten.

    Raises:
      ConfigError: shapes that do not agree, continuous factors, factors of one value, one
        half of a test set.
    """
    given = factors
    codes, factors = _checked(codes, factors)
    if test_codes is None and test_factors is None:
        z, v = codes - codes.mean(0), factors - factors.mean(0)
        spread = np.square(z).sum(0)[:, None] * np.square(v).sum(0)[None]
        constant = np.ptp(codes, axis=0) == 0  # its deviations are rounding, and correlate with any
        spread[constant] = np.inf
        return _gap(np.square(z.T @ v) / spread)
    if test_codes is None or test_factors is None:
        raise ConfigError("a test set needs codes and factors. Allowed: both or neither.")
    from sklearn.svm import LinearSVC

    classes_of(factors, len(codes))
    held_codes, held_factors = _held(codes, given, test_codes, test_factors)
    scores = np.zeros((codes.shape[1], factors.shape[1]))
    for i in range(codes.shape[1]):
        for j in range(factors.shape[1]):
            machine = LinearSVC(C=0.01, class_weight="balanced").set_params(dual=False)
            machine.fit(codes[:, i : i + 1], factors[:, j])
            scores[i, j] = np.mean(machine.predict(held_codes[:, i : i + 1]) == held_factors[:, j])
    return _gap(scores)


class Dci(NamedTuple):
    """Scores from 0 to 1, and the importance [L, F] of each unit for each factor."""

    disentanglement: float
    completeness: float
    informativeness: float  # mean test accuracy over factors
    importance: np.ndarray


def _certainty(weights: np.ndarray) -> np.ndarray:
    """1 - H(row) / log K of rows [M, K]; 0 for a row of zeros, 1 where K is 1."""
    total = weights.sum(1, keepdims=True)
    p = np.where(total > 0, weights / np.where(total > 0, total, 1.0), 1.0 / weights.shape[1])
    entropy = -np.sum(p * np.log(np.where(p > 0, p, 1.0)), axis=1)
    return 1.0 - entropy / np.log(max(weights.shape[1], 2))


def _weighted(weights: np.ndarray) -> float:
    total = weights.sum()
    return float(_certainty(weights) @ weights.sum(1) / total) if total > 0 else 0.0


def disentanglement(importance: np.ndarray) -> float:
    """Whether each unit matters for one factor alone. Eastwood & Williams 2018, section 2.

    Equation: sum_i rho_i (1 - H_F(P_i)), P_i the importances [L, F] of unit i normalised, rho_i its
    share of all importance; a unit that matters for nothing counts nothing.
    """
    return _weighted(np.asarray(importance, np.float64))


def completeness(importance: np.ndarray) -> float:
    """Whether each factor needs one unit alone: `disentanglement` of the transpose."""
    return _weighted(np.asarray(importance, np.float64).T)


def _forest(seed: int) -> Any:
    from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier(50, random_state=seed).set_params(max_features=None)


def _boosting(seed: int) -> Any:
    from sklearn.ensemble import GradientBoostingClassifier

    return GradientBoostingClassifier(random_state=seed)


PREDICTORS: dict[str, Callable[[int], Any]] = {"boosting": _boosting, "forest": _forest}


def dci(
    codes: np.ndarray,
    factors: np.ndarray,
    test_codes: np.ndarray,
    test_factors: np.ndarray,
    predictor: str = "boosting",
    seed: int = 0,
) -> Dci:
    """Disentanglement, completeness, informativeness. Eastwood & Williams 2018.

    Args:
      codes, factors: [N, L] and [N, F], to fit one classifier a factor.
      test_codes, test_factors: to measure its accuracy.
      predictor: boosting (gradient boosted trees, as Locatello et al. 2019; slow: values x 100
        trees a factor) or forest (random forests, as the paper's; an order faster).
      seed: of the predictor.

    Raises:
      ConfigError: shapes that do not agree, continuous factors, factors of one value, an
        unknown predictor.
    """
    make = lookup("predictor", predictor, PREDICTORS)
    given = factors
    codes, factors = _checked(codes, factors)
    classes_of(factors, len(codes))
    test_codes, held = _held(codes, given, test_codes, test_factors)
    importance, right = [], []
    for j in range(factors.shape[1]):
        trees = make(seed).fit(codes, factors[:, j])
        importance.append(np.abs(trees.feature_importances_))
        right.append(np.mean(trees.predict(test_codes) == held[:, j]))
    matrix = np.stack(importance, axis=1)
    return Dci(disentanglement(matrix), completeness(matrix), float(np.mean(right)), matrix)
