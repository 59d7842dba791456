"""Topic models of scikit-learn: `fit(counts, topics, seed, **setting) -> TopicModel`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np


class TopicModel(NamedTuple):
    """Topics, and how much of each a document has."""

    weights: np.ndarray  # of words [K, V]; the largest are a topic's
    proportions: Callable[[Any], np.ndarray]  # counts [N, V] -> [N, K], of any scale


def lda(counts: Any, topics: int, seed: int, document: float, word: float) -> TopicModel:
    """Latent Dirichlet allocation by variational Bayes. Blei, Ng & Jordan 2003.

    `document` and `word` are the Dirichlet priors of a document's topics and a topic's words.
    """
    from sklearn.decomposition import LatentDirichletAllocation

    fitted = LatentDirichletAllocation(
        topics, doc_topic_prior=document, topic_word_prior=word, learning_method="batch",
        max_iter=50, random_state=seed,
    ).fit(counts)  # fmt: skip
    return TopicModel(fitted.components_, fitted.transform)


def nmf(
    counts: Any, topics: int, seed: int, loss: str, weighted: bool, penalty: float
) -> TopicModel:
    """Non-negative matrix factorisation. Lee & Seung 1999.

    Of counts or, `weighted`, of TF-IDF, with squared or Kullback-Leibler loss; `penalty` is the L2
    weight of documents' shares and topics' words.
    """
    from sklearn.decomposition import NMF
    from sklearn.feature_extraction.text import TfidfTransformer

    scaled = TfidfTransformer().fit(counts).transform if weighted else (lambda rows: rows)
    size: Any = topics  # scikit-learn's stubs know of "auto" alone
    fitted = NMF(
        size, beta_loss=loss, solver="mu" if loss != "frobenius" else "cd", init="nndsvda",
        alpha_W=penalty, max_iter=1000, tol=1e-3, random_state=seed,
    ).fit(scaled(counts))  # fmt: skip
    return TopicModel(fitted.components_, lambda rows: fitted.transform(scaled(rows)))


def random_words(counts: Any, topics: int, seed: int) -> TopicModel:
    """A control: topics whose words are drawn by chance, as often as they occur."""
    random = np.random.RandomState(seed)
    share = np.asarray(counts.sum(0), np.float64).ravel() + 1e-9
    drawn = np.log(share) + random.gumbel(size=(topics, len(share)))  # top T: without replacement
    weights = np.exp(drawn - drawn.max())
    return TopicModel(weights, lambda rows: np.asarray(rows @ weights.T))


class TopicMethod(NamedTuple):
    """How it is fitted, and the settings among which validation documents choose."""

    fit: Callable[..., TopicModel]
    grid: Mapping[str, Sequence[Any]]


TOPICS: dict[str, TopicMethod] = {
    "random_words": TopicMethod(random_words, {}),
    "lda": TopicMethod(lda, {"document": (0.02, 0.1, 0.5, 1.0), "word": (0.01, 0.1)}),
    "nmf": TopicMethod(
        nmf,
        {
            "loss": ("frobenius", "kullback-leibler"),
            "weighted": (False, True),
            "penalty": (0.0, 1e-4),
        },
    ),
}
