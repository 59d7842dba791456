"""A database and what is asked of it: rows on one scale, queries, and what is relevant to each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from aejax.errors import ConfigError
from aejax.evaluate.hamming_index import exact_cosine
from aejax.reproduce.scaled import scaler
from aejax.reproduce.tasks import Context

NEAREST = 0.01  # of the database is relevant to a query where there are no labels


class Queries(NamedTuple):
    """Rows [Q, D], what of the database is relevant to each [Q, N], and the rows as they came."""

    rows: np.ndarray
    relevant: np.ndarray
    given: np.ndarray


class Library(NamedTuple):
    """The database's rows, float32 [N, D] on one scale, and what is asked of it."""

    base: np.ndarray
    given: np.ndarray  # [N, *shape], as they came
    likelihood: str  # that suits the rows
    valid: Queries
    test: Callable[[int], Queries]  # of a seed


def is_counts(rows: np.ndarray) -> bool:
    """Returns whether rows are counts of words: whole, none below zero, nine tenths zero."""
    return (
        rows.ndim == 2
        and rows.dtype != np.uint8
        and rows.min() >= 0
        and bool((rows == np.round(rows)).all())
        and float((rows == 0).mean()) >= 0.9
    )


def _scaling(train: np.ndarray) -> tuple[Callable[[np.ndarray], np.ndarray], str]:
    """Returns what brings rows on one scale, and the likelihood of what comes out."""
    if not is_counts(train):
        return scaler(train), "bernoulli" if train.dtype == np.uint8 else "gaussian"
    from sklearn.feature_extraction.text import TfidfTransformer

    fitted: Any = TfidfTransformer(sublinear_tf=True).fit(train)
    tf_idf = lambda rows: fitted.transform(rows).toarray().astype(np.float32)
    return tf_idf, "multinomial"


def _relevant(
    rows: np.ndarray, labels: np.ndarray | None, of: np.ndarray, of_labels: np.ndarray | None
) -> np.ndarray:
    """Returns what of the database is relevant to queries, bool [Q, N]."""
    if labels is not None and of_labels is not None:
        return labels[:, None] == of_labels
    near = exact_cosine(of) if (of >= 0).all() else _euclidean(of)
    found = np.zeros((len(rows), len(of)), bool)
    np.put_along_axis(found, near(rows, max(1, round(NEAREST * len(of)))), True, 1)
    return found


def _euclidean(base: np.ndarray) -> Callable[[np.ndarray, int], np.ndarray]:
    from sklearn.neighbors import NearestNeighbors

    index = NearestNeighbors(algorithm="brute").fit(base)
    return lambda rows, k: index.kneighbors(rows, k, return_distance=False)


def library(context: Context, name: str, train: int, valid: int, test: int) -> Library:
    """Returns the database and its queries.

    Args:
      context: of the task.
      name: of the data set, or its path.
      train: most rows of the database.
      valid: most validation queries, of its training rows.
      test: most test queries of a seed.

    Raises:
      ConfigError: fewer than 50 rows in the database, or than 10 queries of which anything is
        relevant.
    """
    data = context.dataset(name, gaps=True, train_size=None, test_size=None)
    order = np.random.RandomState(0).permutation(len(data.train))
    held = order[: min(valid, len(order) // 5)]
    kept = order[len(held) :][:train]
    if len(kept) < 50:
        raise ConfigError(
            f"dataset={name!r} has {len(kept)} rows for the database. Allowed: 50 or more."
        )
    given = data.train[kept]
    scaled, likelihood = _scaling(given)
    base_rows = scaled(given)
    train_labels, test_labels = data.train_labels, data.test_labels
    if train_labels is None or test_labels is None:  # one rule for validation and test queries
        train_labels = test_labels = None
    pick_labels = lambda labels, which: None if labels is None else labels[which]
    base_labels = pick_labels(train_labels, kept)

    def answerable(labels: np.ndarray | None, which: np.ndarray) -> np.ndarray:
        """Returns those whose label the database has: others are no queries."""
        if labels is None or base_labels is None:
            return which
        some = which[np.isin(labels[which], base_labels)]
        if len(some) < 10:
            raise ConfigError(
                f"dataset={name!r} has {len(some)} queries of which anything in the database is "
                "relevant. Allowed: 10 or more."
            )
        return some

    def queries(rows: np.ndarray, labels: np.ndarray | None, which: np.ndarray) -> Queries:
        found = scaled(rows[which])
        relevant = _relevant(found, pick_labels(labels, which), base_rows, base_labels)
        return Queries(found, relevant, rows[which])

    able = answerable(test_labels, np.arange(len(data.test)))

    def asked(seed: int) -> Queries:
        drawn = np.random.RandomState(1 + seed).permutation(len(able))[:test]
        return queries(data.test, test_labels, able[drawn])

    chosen_by = queries(data.train, train_labels, answerable(train_labels, held))
    return Library(base_rows, given, likelihood, chosen_by, asked)
