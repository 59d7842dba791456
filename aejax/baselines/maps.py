"""Maps to a few numbers, of scikit-learn: `fit(x, seed, **setting) -> rows -> codes [N, 2]`.

Rows are [N, D] on one scale. t-SNE knows no new rows: what it is given, it maps anew.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

Map = Callable[[np.ndarray], np.ndarray]  # rows [N, D] -> codes [N, 2]


def pca(x: np.ndarray, seed: int) -> Map:
    """The first two principal components."""
    from sklearn.decomposition import PCA

    return PCA(2, svd_solver="full").fit(x).transform


def isomap(x: np.ndarray, seed: int, neighbours: int) -> Map:
    """Distances along a graph of neighbours. Tenenbaum, de Silva & Langford 2000."""
    import warnings

    from sklearn.manifold import Isomap

    with warnings.catch_warnings():  # a graph in pieces is joined, which is said as a warning
        warnings.simplefilter("ignore")
        return Isomap(n_neighbors=min(neighbours, len(x) - 1)).fit(x).transform


def tsne(x: np.ndarray, seed: int, perplexity: float) -> Map:
    """Neighbours by probabilities. Van der Maaten & Hinton 2008. `x` is not used."""
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits  # scikit-learn has it

    def codes(rows: np.ndarray) -> np.ndarray:
        most = min(perplexity, max(1.0, (len(rows) - 1) / 3))
        # On cores that are busy its threads wait for each other many times over.
        with threadpool_limits(1):
            return TSNE(perplexity=most, init="pca", random_state=seed).fit_transform(rows)

    return codes


class MapMethod(NamedTuple):
    """How it is fitted, and the settings among which validation rows choose."""

    fit: Callable[..., Map]
    grid: Mapping[str, Sequence[Any]]


MAPS: dict[str, MapMethod] = {
    "pca": MapMethod(pca, {}),
    "isomap": MapMethod(isomap, {"neighbours": (5, 10, 20)}),
    "tsne": MapMethod(tsne, {"perplexity": (10, 30, 50)}),
}
