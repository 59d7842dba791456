"""Entries hidden on purpose, and how well they are filled: error, intervals, coverage."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

LEAST = 2  # values that stay in a column


def scattered(
    observed: np.ndarray, share: float, owner: np.ndarray, random: np.random.RandomState
) -> np.ndarray:
    """Hides each cell with one probability: missing completely at random.

    Args:
      observed: bool [N, E], what can be hidden.
      share: the probability.
      owner: int [E], the column that each is a part of: parts of a cell are hidden together.
      random: where the draws come from.

    Returns:
      bool [N, E], true where a value is hidden; a column of which fewer than LEAST would stay
      keeps all.
    """
    drawn = random.random_sample((len(observed), int(owner.max()) + 1)) < share
    return _sparing(drawn[:, owner] & observed, observed)


def blocks(
    observed: np.ndarray, share: float, shape: Sequence[int], random: np.random.RandomState
) -> np.ndarray:
    """Hides one rectangle of each image, of its proportions, anywhere within it.

    Args:
      observed: bool [N, E], E = H W C.
      share: of the area that is hidden, its sides rounded to pixels, one at least.
      shape: (H, W, C).
      random: where the draws come from.

    Returns:
      As `scattered`.
    """
    inside = []
    for n in shape[:2]:
        side = min(n, max(1, round(float(np.sqrt(share)) * n)))
        start = random.randint(0, n - side + 1, len(observed))[:, None]
        inside.append((np.arange(n) >= start) & (np.arange(n) < start + side))
    hole = inside[0][:, :, None, None] & inside[1][:, None, :, None]
    hole = np.broadcast_to(hole, (len(observed), *shape)).reshape(observed.shape)
    return _sparing(hole & observed, observed)


def _sparing(hidden: np.ndarray, observed: np.ndarray) -> np.ndarray:
    return hidden & ((observed & ~hidden).sum(0) >= LEAST)


def rmse(truth: np.ndarray, filled: np.ndarray, where: np.ndarray, scale: np.ndarray) -> float:
    """Returns the root of the mean square of the errors in the entries `where`; NaN of none.

    Args:
      truth, filled: [N, E].
      where: bool [N, E].
      scale: [E], the unit of each column.
    """
    error = ((filled - truth) / scale)[where]
    return float(np.sqrt(np.mean(np.square(error)))) if len(error) else float("nan")


def error_quantiles(
    errors: np.ndarray, where: np.ndarray, levels: Sequence[float]
) -> tuple[np.ndarray, np.ndarray]:
    """Returns how far truths lie from what was filled in: the ends of central intervals.

    For fillers that say a value alone: errors of entries that were hidden to choose a setting, on
    one scale a column and pooled. A column's scale is the root of its mean square, drawn to that
    of all by five entries' worth.

    Args:
      errors: truth minus filled, [N, E], columns on scales that are alike.
      where: bool [N, E], the hidden entries.
      levels: of the intervals, between 0 and 1.

    Returns:
      low [levels, E] and high [levels, E], to be added to what is filled in.
    """
    square = np.where(where, np.square(np.where(where, errors, 0)), 0)
    all_of = square.sum() / max(1, where.sum())
    scale = np.sqrt((square.sum(0) + 5 * all_of) / (where.sum(0) + 5))
    scale = np.where(scale > 0, scale, 1)
    pooled = (errors / scale)[where]
    tails = (1 - np.asarray(levels)) / 2
    low, high = (np.quantile(pooled, q, method="weibull") for q in (tails, 1 - tails))
    return low[:, None] * scale, high[:, None] * scale


def covered(truth: np.ndarray, low: np.ndarray, high: np.ndarray, where: np.ndarray) -> np.ndarray:
    """Returns the share of entries `where` that lie in their intervals, [levels]; NaN of none.

    Args:
      truth: [N, E].
      low, high: [levels, N, E].
      where: bool [N, E].
    """
    inside = (low <= truth) & (truth <= high)
    return inside[:, where].mean(1) if where.any() else np.full(len(low), np.nan)
