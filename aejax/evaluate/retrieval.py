"""Retrieval by codes: the nearest codes of a query, relevant where they have its label.

Codes that are equally near have no order among themselves. Every number here is the mean over all
orders of such ties, or scikit-learn's convention for them, never the order in which rows stand: a
binary code ties most of the time, and rows often stand sorted by label.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from aejax.errors import ConfigError, lookup

LEVELS = (1, 3, 7, 15, 31, 63, 127, 255, 511, 1023, 2047, 4095, 7531)


def cosine(queries: np.ndarray, database: np.ndarray) -> np.ndarray:
    """Cosine of each pair [Q, N]; a code of zeros has cosine 0 with everything."""

    def unit(codes: np.ndarray) -> np.ndarray:
        norm = np.linalg.norm(codes, axis=1, keepdims=True)
        return codes / np.where(norm > 0, norm, 1.0)

    # A matrix product sums the same numbers in other orders here and there: equal codes would tie
    # but for the last digit.
    return np.round(unit(queries) @ unit(database).T, 12)


def euclidean(queries: np.ndarray, database: np.ndarray) -> np.ndarray:
    """Minus the squared distance of each pair [Q, N]."""
    from scipy.spatial.distance import cdist

    return -cdist(queries, database, "sqeuclidean")


SIMILARITIES: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "cosine": cosine,
    "euclidean": euclidean,
}


class Retrieval(NamedTuple):
    """Per query; `at` are numbers of retrieved codes n, [K]."""

    at: np.ndarray  # [K]
    precision: np.ndarray  # [Q, K], expected fraction of the n that is relevant
    recall: np.ndarray  # [Q, K], expected fraction of the relevant that is among the n
    average_precision: np.ndarray  # [Q], as scikit-learn's average_precision_score


def score_ranking(
    similarity: np.ndarray, relevant: np.ndarray, at: np.ndarray
) -> tuple[np.ndarray, float]:
    """Expected hits among the first n, for each n of `at`, and the average precision."""
    order = np.argsort(-similarity, kind="stable")
    ranked, hits = similarity[order], np.cumsum(relevant[order])
    # Last positions of the runs of equal similarity; between them hits grow linearly in the mean.
    last = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)
    found = hits[last]
    expected = np.interp(at, np.append(0, last + 1), np.append(0, found))
    gained = np.diff(np.append(0, found))
    return expected, float(np.sum(gained * found / (last + 1)) / hits[-1])


def retrieve(
    queries: np.ndarray,
    query_labels: np.ndarray,
    database: np.ndarray | None = None,
    database_labels: np.ndarray | None = None,
    *,
    similarity: str = "cosine",
    at: Sequence[int] = LEVELS,
    chunk: int = 256,
) -> Retrieval:
    """Ranks a database by similarity to each query and scores the ranking by labels.

    Hinton & Salakhutdinov 2006, figure 4: cosine, queries and database both the test set, the query
    itself left out; precision and recall at n = 1, 3, 7, ... averaged over queries.

    Args:
      queries: codes [Q, L].
      query_labels: [Q].
      database: codes [N, L]; None: the queries, each left out of its own ranking.
      database_labels: [N]; None as above.
      similarity: cosine or euclidean.
      at: numbers of retrieved codes; those above the database's size are left out.
      chunk: queries at a time.

    Returns:
      Values per query. A query without one relevant code in the database counts nowhere: its row
      is left out, as its recall is not defined.

    Raises:
      ConfigError: an unknown similarity, sizes that do not agree, values that are not finite, or no
        query with a relevant code.
    """
    measure = lookup("similarity", similarity, SIMILARITIES)
    itself = database is None
    base = queries if database is None else database
    labels = query_labels if database_labels is None else database_labels
    queries = np.asarray(queries, np.float64).reshape(len(queries), -1)
    base = np.asarray(base, np.float64).reshape(len(base), -1)
    query_labels, labels = np.asarray(query_labels), np.asarray(labels)
    if (queries.shape[1], query_labels.shape, labels.shape) != (
        base.shape[1],
        (len(queries),),
        (len(base),),
    ):
        raise ConfigError(
            f"queries {queries.shape} with labels {query_labels.shape} and database {base.shape} "
            f"with labels {labels.shape} do not agree. Allowed: labels [N], one a code, codes of "
            "one size."
        )
    if not (np.isfinite(queries).all() and np.isfinite(base).all()):
        raise ConfigError("codes hold NaN or infinity. Allowed: finite numbers.")
    levels = np.asarray([n for n in at if 1 <= n <= len(base) - itself])
    hits, totals, averages = [], [], []
    for start in range(0, len(queries), chunk):
        similarities = measure(queries[start : start + chunk], base)
        for i, row in enumerate(similarities, start):
            relevant = labels == query_labels[i]
            if itself:
                row, relevant = np.delete(row, i), np.delete(relevant, i)
            if relevant.any():
                expected, average = score_ranking(row, relevant, levels)
                hits.append(expected)
                totals.append(relevant.sum())
                averages.append(average)
    if not hits:
        raise ConfigError("no query has a code of its label in the database. Allowed: one or more.")
    found, total = np.stack(hits), np.asarray(totals)[:, None]
    return Retrieval(levels, found / levels[None], found / total, np.asarray(averages))
