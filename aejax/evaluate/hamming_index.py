"""An index of binary codes, of the library usearch, and how fast a search is."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from aejax.errors import need
from aejax.evaluate.hashing import CHUNK, hamming

Search = Callable[[np.ndarray, int], np.ndarray]  # (queries, k) -> places in the database [Q, k]
REPEATS = 3


def hamming_index(base: np.ndarray, seed: int = 0) -> Search:
    """Returns the search of a graph of near codes (HNSW): fast, and not always right.

    Malkov & Yashunin 2018. One thread builds and one searches; links and lists are as long as the
    library's defaults for links, and 128 candidates for both.

    Args:
      base: codes, bool [N, L].
      seed: of the order in which codes enter the graph.

    Raises:
      ConfigError: usearch is not installed.
    """
    library = need("usearch.index", "applications")
    packed = np.packbits(base, axis=1)
    index = library.Index(
        ndim=8 * packed.shape[1], metric="hamming", dtype="b1", expansion_add=128,
        expansion_search=128,
    )  # fmt: skip
    order = np.random.RandomState(seed).permutation(len(base))
    index.add(order, packed[order], threads=1)

    def search(queries: np.ndarray, k: int) -> np.ndarray:
        found = index.search(np.packbits(queries, axis=1), min(k, len(base)), threads=1)
        return np.asarray(found.keys).astype(np.int64).reshape(len(queries), -1)

    return search


def exact_cosine(base: np.ndarray) -> Search:
    """Returns the exact search by cosine over rows [N, D], all pairs in float32."""

    def unit(rows: np.ndarray) -> np.ndarray:
        norm = np.linalg.norm(rows, axis=1, keepdims=True)
        return (rows / np.where(norm > 0, norm, 1)).astype(np.float32)

    scaled = unit(base).T

    def search(queries: np.ndarray, k: int) -> np.ndarray:
        k, found = min(k, len(base)), []
        for start in range(0, len(queries), CHUNK):
            near = -(unit(queries[start : start + CHUNK]) @ scaled)
            first = np.argpartition(near, k - 1, axis=1)[:, :k]
            order = np.argsort(np.take_along_axis(near, first, 1), axis=1, kind="stable")
            found.append(np.take_along_axis(first, order, 1))
        return np.concatenate(found)

    return search


def queries_a_second(search: Search, queries: np.ndarray, k: int) -> float:
    """Returns the speed of a search with one thread, the best of three."""
    from threadpoolctl import threadpool_limits  # scikit-learn has it

    seconds = []
    with threadpool_limits(1):
        for _ in range(REPEATS):
            begun = time.perf_counter()
            search(queries, k)
            seconds.append(time.perf_counter() - begun)
    return len(queries) / max(min(seconds), 1e-9)


def found_of_nearest(search: Search, queries: np.ndarray, base: np.ndarray, k: int) -> float:
    """Returns the share of what a search returns that is as near as the true k nearest.

    Args:
      search: places in `base`.
      queries, base: codes, bool [Q, L] and [N, L].
      k: how many are asked for.
    """
    k, right = min(k, len(base)), []
    for start in range(0, len(queries), CHUNK):
        some = queries[start : start + CHUNK]
        far = hamming(some, base)
        limit = np.partition(far, k - 1, axis=1)[:, k - 1 : k]
        places = search(some, k)
        right.append((np.take_along_axis(far, places, 1) <= limit).mean(1))
    return float(np.concatenate(right).mean())
