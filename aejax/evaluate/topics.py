"""What topics are judged by: whether their words go together, and whether topics differ."""

from __future__ import annotations

from typing import Any

import numpy as np

from aejax.errors import ConfigError


def top_words(weights: np.ndarray, count: int) -> np.ndarray:
    """Returns the `count` words of the largest weights of each topic: [K, V] -> int [K, count].

    Raises:
      ConfigError: more words than there are.
    """
    if not 1 <= count <= weights.shape[1]:
        raise ConfigError(
            f"count={count} words of {weights.shape[1]}. Allowed: 1 to {weights.shape[1]}."
        )
    return np.argsort(-weights, axis=1, kind="stable")[:, :count]


def npmi(top: np.ndarray, reference: Any) -> np.ndarray:
    """Normalised pointwise mutual information of a topic's words, the mean over pairs [K].

    Equation: log(p(a, b) / (p(a) p(b))) / -log p(a, b), with the shares of the reference's
    documents that have a, b and both. Bouma 2009; Lau, Newman & Baldwin 2014. It is 1 where words
    stand together alone, 0 where they know nothing of each other, and -1 where they never meet, or
    the reference does not know one. A pair that stands in every document tells nothing: 0.

    Args:
      top: words of each topic, int [K, T], T of 2 or more.
      reference: scipy sparse or dense counts [N, V] of the documents that judge.

    Raises:
      ConfigError: topics of one word, or a reference without documents.
    """
    if top.ndim != 2 or top.shape[1] < 2 or not reference.shape[0]:
        raise ConfigError(
            f"npmi has topics {top.shape} and {reference.shape[0]} documents. Allowed: two words "
            "a topic or more, one document or more."
        )
    used, place = np.unique(top, return_inverse=True)
    columns = reference[:, used]
    held = np.asarray(columns.todense() if hasattr(columns, "todense") else columns) > 0
    together = held.T.astype(np.float64) @ held / len(held)
    alone = np.diag(together)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.log(together / np.outer(alone, alone)) / -np.log(together)
    value = np.where(together > 0, value, -1.0)
    value = np.where(together >= 1, 0.0, value)
    a, b = np.triu_indices(top.shape[1], 1)
    place = place.reshape(top.shape)
    return value[place[:, a], place[:, b]].mean(1)


def diversity(top: np.ndarray) -> float:
    """The share of all topics' words that are different ones: 1 / K where all topics are one.

    Dieng, Ruiz & Blei 2020 (with 25 words a topic).
    """
    return len(np.unique(top)) / top.size


def recovered(top: np.ndarray, planted: np.ndarray) -> np.ndarray:
    """The share of each planted topic's words that its topic has, [K'], topics matched one to one.

    The matching is the best one (Hungarian method); a planted topic without a partner has 0.

    Args:
      top: words found, int [K, T].
      planted: words of the known topics, int [K', T].
    """
    from scipy.optimize import linear_sum_assignment

    common = np.array([[np.isin(p, t).mean() for t in top] for p in planted])
    rows, columns = linear_sum_assignment(-common)
    found = np.zeros(len(planted))
    found[rows] = common[rows, columns]
    return found
