"""Recommenders in closed form: `fit(train, seed, **setting) -> rows -> scores [B, I]`.

Rows are scipy sparse [N, I], one where a user likes an item. Scores are of a batch of users, dense,
higher for what is recommended first; what a user likes already has one, too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from aejax.errors import check_at_least, check_integer

Recommender = Callable[[Any], np.ndarray]  # sparse rows [B, I] -> scores [B, I]
BLOCK = 512  # items whose similarities are dense at a time


def popularity(train: Any, seed: int) -> Recommender:
    """The number of users who like an item, for everyone the same."""
    counts = np.asarray(train.sum(0), np.float64).ravel()
    return lambda rows: np.broadcast_to(counts, rows.shape)


def item_neighbours(train: Any, seed: int, neighbours: int, shrinkage: float) -> Recommender:
    """The sum of an item's similarities to the items of a user. Sarwar et al. 2001.

    Equation: score_uj = sum_{i in N_k(j)} x_ui s_ij, s_ij = n_ij / (sqrt(n_i n_j) + h): cosines of
    columns, of which each item keeps its k largest; a shrinkage h holds down what few users say.

    Raises:
      ConfigError: no neighbour, or a negative shrinkage.
    """
    from scipy.sparse import csc_array, hstack

    check_at_least("shrinkage", shrinkage, 0)
    items = train.shape[1]
    kept = min(check_integer("neighbours", neighbours, 1), items)
    norm = np.sqrt(np.asarray(train.multiply(train).sum(0), np.float64).ravel())
    columns = train.tocsc()
    parts = []
    for start in range(0, items, BLOCK):
        block = columns[:, start : start + BLOCK]
        width = block.shape[1]
        together = (columns.T @ block).toarray().astype(np.float64)
        below = norm[:, None] * norm[None, start : start + width] + shrinkage
        near = np.divide(together, below, out=np.zeros_like(together), where=below > 0)
        near[start + np.arange(width), np.arange(width)] = 0
        least = np.partition(near, items - kept, axis=0)[items - kept]
        parts.append(csc_array(np.where(near >= least[None, :], near, 0)))
    similar = hstack(parts, format="csr")
    return lambda rows: np.asarray((rows @ similar).toarray())


def ease(train: Any, seed: int, penalty: float) -> Recommender:
    """The linear autoencoder of items that knows no item by itself. Steck 2019, algorithm 1.

    Equation: min_B |X - X B|^2 + lambda |B|^2 subject to diag(B) = 0, whose solution is B_ij =
    -P_ij / P_jj off the diagonal, P = (X^T X + lambda I)^-1.

    I x I numbers are dense: 20,000 items are 3.2 GB in float64, which the inverse needs twice.

    Args:
      train: users [N, I].
      seed: is not used.
      penalty: lambda, above 0.

    Raises:
      ConfigError: a penalty of 0 or less.
    """
    check_at_least("penalty", penalty, 1e-6)
    precision = np.asarray((train.T @ train).toarray(), np.float64)
    precision[np.diag_indices_from(precision)] += penalty
    precision = np.linalg.inv(precision)
    weights = precision / -np.diag(precision)[None, :]
    np.fill_diagonal(weights, 0)
    return lambda rows: np.asarray(rows @ weights)


class RecommenderMethod(NamedTuple):
    """How it is fitted, and the settings among which validation users choose."""

    fit: Callable[..., Recommender]
    grid: Mapping[str, Sequence[Any]]


RECOMMENDERS: dict[str, RecommenderMethod] = {
    "popularity": RecommenderMethod(popularity, {}),
    "item_neighbours": RecommenderMethod(
        item_neighbours, {"neighbours": (10, 30, 100, 300), "shrinkage": (0.0, 10.0, 100.0)}
    ),
    "ease": RecommenderMethod(
        ease, {"penalty": (10, 30, 100, 200, 300, 500, 700, 1000, 2000, 5000)}
    ),
}
