"""Counts of words with their vocabulary, and which words are kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from aejax.data.dataset import fingerprint
from aejax.errors import ConfigError


class Documents(NamedTuple):
    """N documents of V words."""

    name: str
    counts: Any  # scipy sparse rows, float32 [N, V], whole numbers of 0 or more
    words: tuple[str, ...]  # V
    fingerprint: str
    planted: np.ndarray | None = None  # probabilities [K, V] of the topics, where they are known


def make_documents(
    name: str, counts: Any, words: Sequence[str], planted: np.ndarray | None = None
) -> Documents:
    """Returns the record with its fingerprint, which knows the words too."""
    from scipy.sparse import csr_array

    rows: Any = csr_array(counts).astype(np.float32)
    rows.sum_duplicates()
    rows.eliminate_zeros()
    text = np.frombuffer("\0".join(words).encode(), np.uint8)
    places = [each.astype(np.int64) for each in (rows.indices, rows.indptr)]
    told = fingerprint([rows.data, *places, text])
    return Documents(name, rows, tuple(words), told, planted)


def common_words(documents: Documents, most: int, least: int, share: float) -> Documents:
    """Returns the documents with their `most` words that stand in the most documents.

    Args:
      documents: all of them.
      most: words that are kept.
      least: documents that a word stands in at least.
      share: of the documents, what a word stands in at most: above it are words of every topic.

    Returns:
      The documents that have a word left, in their order.

    Raises:
      ConfigError: no word is left.
    """
    found = np.asarray((documents.counts > 0).sum(0)).ravel()
    allowed = np.flatnonzero((found >= least) & (found <= share * documents.counts.shape[0]))
    kept = np.sort(allowed[np.argsort(-found[allowed], kind="stable")[:most]])
    if not len(kept):
        raise ConfigError(
            f"documents {documents.name!r} have no word left: none of {len(found)} stands in "
            f"{least} documents or more and in at most {share:.0%} of "
            f"{documents.counts.shape[0]}. Allowed: more documents, or longer ones."
        )
    rows = documents.counts[:, kept]
    rows = rows[np.flatnonzero(np.asarray(rows.sum(1)).ravel() > 0)]
    planted = None if documents.planted is None else documents.planted[:, kept]
    return make_documents(documents.name, rows, [documents.words[i] for i in kept], planted)
