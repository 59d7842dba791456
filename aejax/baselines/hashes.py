"""Binary codes without an autoencoder: `fit(x, seed, bits, **setting) -> rows -> bool [N, bits]`.

Rows [N, D] are on one scale. A bit says whether a projection is above a threshold: zero, or the
projection's mean or median over the training rows. With the median each bit is on for half of them.
Where a method has fewer projections than bits (PCA of few columns), the others are off for all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from aejax.errors import lookup

Hasher = Callable[[np.ndarray], np.ndarray]  # rows [N, D] -> codes, bool [N, bits]

THRESHOLDS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "zero": lambda values: np.zeros(values.shape[1], values.dtype),
    "mean": lambda values: values.mean(0),
    "median": lambda values: np.median(values, axis=0),
}


def thresholded(
    project: Callable[[np.ndarray], np.ndarray], x: np.ndarray, bits: int, threshold: str
) -> Hasher:
    """Returns the code of a projection, rows -> numbers [N, L], with a threshold of its own a bit.

    Args:
      project: the numbers; of more than `bits` the first are taken.
      x: training rows.
      bits: of a code.
      threshold: a name of THRESHOLDS.

    Raises:
      ConfigError: an unknown threshold.
    """
    numbers = lambda rows: np.asarray(project(rows))[:, :bits]
    cut = lookup("threshold", threshold, THRESHOLDS)(numbers(x))

    def code(rows: np.ndarray) -> np.ndarray:
        on = numbers(rows) > cut
        return np.pad(on, ((0, 0), (0, bits - on.shape[1])))

    return code


def random_hyperplanes(x: np.ndarray, seed: int, bits: int, threshold: str) -> Hasher:
    """Sides of random planes: bits agree the more often the smaller the angle. Charikar 2002."""
    planes = np.random.RandomState(seed).normal(size=(x.shape[1], bits)).astype(np.float32)
    return thresholded(lambda rows: rows @ planes, x, bits, threshold)


def _components(x: np.ndarray, bits: int) -> Callable[[np.ndarray], np.ndarray]:
    from sklearn.decomposition import PCA

    # The eigenvectors of the covariance: the same each time, and quick for rows many and short.
    solver = "covariance_eigh" if x.shape[1] <= len(x) else "full"
    return PCA(min(bits, *x.shape), svd_solver=solver).fit(x).transform


def pca(x: np.ndarray, seed: int, bits: int, threshold: str) -> Hasher:
    """Principal components (of documents, centred latent semantic analysis), a bit each."""
    return thresholded(_components(x, bits), x, bits, threshold)


def itq(x: np.ndarray, seed: int, bits: int, iterations: int, threshold: str) -> Hasher:
    """Principal components, rotated to where signs lose least. Gong & Lazebnik 2011.

    Iterative quantisation: min |B - V R|^2 in turn over the signs B and the rotation R, which is an
    orthogonal Procrustes problem; it begins at a random rotation.
    """
    from scipy.linalg import orthogonal_procrustes

    project = _components(x, bits)
    v = project(x)
    random = np.random.RandomState(seed).normal(size=(v.shape[1], v.shape[1]))
    rotation = np.linalg.qr(random)[0]
    for _ in range(iterations):
        signs = np.where(v @ rotation > 0, 1.0, -1.0)
        rotation = orthogonal_procrustes(v, signs)[0]
    return thresholded(lambda rows: project(rows) @ rotation, x, bits, threshold)


class HashMethod(NamedTuple):
    """How codes are fitted, and the settings among which validation rows choose."""

    fit: Callable[..., Hasher]
    grid: Mapping[str, Sequence[Any]]


HASHES: dict[str, HashMethod] = {
    "random_hyperplanes": HashMethod(random_hyperplanes, {"threshold": ("zero", "mean", "median")}),
    "pca": HashMethod(pca, {"threshold": ("mean", "median")}),
    "itq": HashMethod(itq, {"iterations": (10, 50), "threshold": ("zero", "median")}),
}
