"""Retrieval by binary codes: what a Hamming ball about a query's code holds.

Distances are whole numbers, so that all that there is to know of a query are two counts a radius:
how many codes lie within it, and how many of these are relevant. Codes at one distance have no
order among themselves; every number here is the mean over all orders, or scikit-learn's convention
for ties, as in `retrieval`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from aejax.errors import ConfigError, check_size

CHUNK = 256  # queries whose distances to all codes are held at once


class Balls(NamedTuple):
    """Per query and radius r = 0..L; codes are of L bits.

    Attributes:
      returned: codes within the radius, int64 [Q, L + 1]; the last column is the whole database.
      found: those of them that are relevant, int64 [Q, L + 1].
    """

    returned: np.ndarray
    found: np.ndarray


def hamming(queries: np.ndarray, base: np.ndarray) -> np.ndarray:
    """Returns how many bits differ, int32 [Q, N], of codes bool [Q, L] and [N, L].

    Raises:
      ConfigError: codes that are not bool, or of other lengths.
    """
    queries, base = np.asarray(queries), np.asarray(base)
    if {queries.dtype, base.dtype} != {np.dtype(bool)} or not (
        queries.ndim == base.ndim == 2 and queries.shape[1] == base.shape[1] > 0
    ):
        raise ConfigError(
            f"codes are {queries.dtype}{list(queries.shape)} and {base.dtype}{list(base.shape)}. "
            "Allowed: bool [Q, L] and [N, L], L of 1 or more."
        )
    # Of signs the product is L - 2 d, exact in float32; a product of matrices is fast everywhere.
    signs = [np.where(codes, np.float32(1), np.float32(-1)) for codes in (queries, base)]
    return ((queries.shape[1] - signs[0] @ signs[1].T) / 2).astype(np.int32)


def balls(queries: np.ndarray, base: np.ndarray, relevant: np.ndarray) -> Balls:
    """Counts what the Hamming balls about each query's code hold.

    Args:
      queries: codes, bool [Q, L].
      base: the database's codes, bool [N, L].
      relevant: bool [Q, N].

    Raises:
      ConfigError: as `hamming`; another shape of `relevant`, or a query of which nothing in the
        database is relevant, whose recall is not defined.
    """
    shape, relevant = (len(queries), len(base)), np.asarray(relevant)
    if relevant.shape != shape or relevant.dtype != bool:
        raise ConfigError(
            f"relevant is {relevant.dtype}{list(relevant.shape)}. Allowed: bool{list(shape)}, "
            "queries by codes of the database."
        )
    if not relevant.any(1).all():
        raise ConfigError(
            f"of query {int(np.argmin(relevant.any(1)))} nothing in the database is relevant. "
            "Allowed: one code or more of each query."
        )
    counts = []
    for start in range(0, len(queries), CHUNK):
        part = slice(start, start + CHUNK)
        far, right = hamming(queries[part], base), relevant[part]
        levels = queries.shape[1] + 1
        place = far + levels * np.arange(len(far), dtype=np.int32)[:, None]
        counts.append(
            [
                np.bincount(chosen, minlength=levels * len(far)).reshape(-1, levels).cumsum(1)
                for chosen in (place.ravel(), place[right])
            ]
        )
    returned, found = (np.concatenate(each) for each in zip(*counts, strict=True))
    return Balls(returned, found)


def average_precision(counts: Balls) -> np.ndarray:
    """Returns the average precision by query [Q], ranked by distance.

    Equation: sum_r (R_r - R_{r-1}) P_r over radii, scikit-learn's `average_precision_score` with
    minus the distance as score.
    """
    gained = np.diff(counts.found, axis=1, prepend=0)
    precision = counts.found / np.maximum(counts.returned, 1)
    return (gained * precision).sum(1) / counts.found[:, -1]


def precision_at(counts: Balls, n: int) -> np.ndarray:
    """Returns the expected share of the first n codes that is relevant, by query [Q].

    Between two radii hits grow linearly in the mean over orders of the ties. With fewer than n
    codes it is of all of them.

    Raises:
      ConfigError: n below 1.
    """
    n = min(check_size("n", n), int(counts.returned[0, -1]))
    zero = [0]
    hits = [
        np.interp(n, np.append(zero, returned), np.append(zero, found))
        for returned, found in zip(counts.returned, counts.found, strict=True)
    ]
    return np.asarray(hits) / n


def precision_within(counts: Balls, radius: int) -> np.ndarray:
    """Returns the share of what lies within a radius that is relevant, by query [Q].

    A query whose ball is empty has 0, as it finds nothing (Wang, Kumar & Chang 2012 count it so).
    """
    r = min(radius, counts.returned.shape[1] - 1)
    return counts.found[:, r] / np.maximum(counts.returned[:, r], 1)


def recall_within(counts: Balls, radius: int) -> np.ndarray:
    """Returns the share of what is relevant that lies within a radius, by query [Q]."""
    return counts.found[:, min(radius, counts.found.shape[1] - 1)] / counts.found[:, -1]


def curve(counts: Balls) -> tuple[np.ndarray, np.ndarray]:
    """Returns precision and recall of all queries together, by radius: [L + 1] each.

    Precision is of what all the balls of a radius hold; NaN where they are empty, all of them.
    """
    returned, found = counts.returned.sum(0), counts.found.sum(0)
    precision = np.where(returned > 0, found / np.maximum(returned, 1), np.nan)
    return precision, found / found[-1]
