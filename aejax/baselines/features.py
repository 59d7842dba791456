"""Features without an autoencoder, and classifiers of features: scikit-learn's, as tables.

Features are `fit(x, seed, **setting) -> rows -> codes [N, L]`, of rows [N, D] on one scale;
classifiers are `fit(codes, labels, seed, **setting) -> codes -> labels`.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

Encode = Callable[[np.ndarray], np.ndarray]  # rows [N, D] -> codes [N, L]
Classify = Callable[[np.ndarray], np.ndarray]  # codes [N, L] -> labels [N]


def raw(x: np.ndarray, seed: int) -> Encode:
    """The numbers of a row as they are."""
    return lambda rows: rows


def pca(x: np.ndarray, seed: int, components: int) -> Encode:
    """The first principal components, of as many as there can be."""
    from sklearn.decomposition import PCA

    return PCA(min(components, *x.shape), svd_solver="full").fit(x).transform


def random_features(x: np.ndarray, seed: int, units: int) -> Encode:
    """Cosines of random projections: a Gaussian kernel's features. Rahimi & Recht 2007.

    The kernel's gamma is scikit-learn's own choice, 1 / (D var x).
    """
    from sklearn.kernel_approximation import RBFSampler

    gamma = 1 / (x.shape[1] * max(float(x.var()), 1e-12))
    return RBFSampler(gamma=gamma, n_components=units, random_state=seed).fit(x).transform


def linear(codes: np.ndarray, labels: np.ndarray, seed: int, strength: float) -> Classify:
    """Multinomial logistic regression; `strength` is scikit-learn's C.

    The codes are centred and divided by one number, the root of their mean variance: a code's
    scale then says nothing, and units that hardly vary stay small.
    """
    from sklearn.linear_model import LogisticRegression

    centre = codes.mean(0)
    scale = np.sqrt(max(float((codes - centre).var(0).mean()), 1e-12))
    fitted = _fitted(LogisticRegression(C=strength, max_iter=500), (codes - centre) / scale, labels)
    return lambda rows: fitted.predict((rows - centre) / scale)


def net(codes: np.ndarray, labels: np.ndarray, seed: int, penalty: float) -> Classify:
    """A network of one hidden layer of 256 rectifiers; `penalty` is scikit-learn's alpha (L2)."""
    from sklearn.neural_network import MLPClassifier

    machine = MLPClassifier((256,), alpha=penalty, max_iter=100, random_state=seed)
    return _fitted(machine, codes, labels).predict


def _fitted(estimator: Any, codes: np.ndarray, labels: np.ndarray) -> Any:
    from sklearn.exceptions import ConvergenceWarning
    from threadpoolctl import threadpool_limits  # scikit-learn has it

    # On cores that are busy its threads wait for each other many times over.
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore", ConvergenceWarning)  # validation chooses what stops early
        return estimator.fit(codes, labels)


class FeatureMethod(NamedTuple):
    """How features, or a classifier, are fitted, and the settings among which validation chooses.

    Args:
      fit: see above.
      grid: setting -> its values.
    """

    fit: Callable[..., Any]
    grid: Mapping[str, Sequence[Any]]


FEATURES: dict[str, FeatureMethod] = {
    "raw": FeatureMethod(raw, {}),
    "pca": FeatureMethod(pca, {"components": (32, 128)}),
    "random_features": FeatureMethod(random_features, {"units": (512, 1024)}),
}
CLASSIFIERS: dict[str, FeatureMethod] = {
    "linear": FeatureMethod(linear, {"strength": (1e-3, 1e-2, 1e-1, 1.0)}),
    "net": FeatureMethod(net, {"penalty": (1e-3, 1e-1, 1.0, 10.0)}),
}
