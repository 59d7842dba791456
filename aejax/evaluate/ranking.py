"""How well items are ranked for users: recall and NDCG of the first K, by user.

As Liang et al. 2018, section 4.2: a user's fold-in items are known and never count as
recommendations, and what was held out of the same user is what should come first. Scores are those
of a batch of users, [B, I]; interactions may be sparse. Of equal scores the lower item comes first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from aejax.errors import ConfigError, check_size


def dense(rows: Any) -> np.ndarray:
    """Returns a batch's interactions [B, I] as bool; what is not zero is one."""
    return np.asarray(rows.toarray() if hasattr(rows, "toarray") else rows) != 0


def _checked(scores: Any, seen: Any, held_out: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    scores = np.asarray(scores)
    if scores.ndim != 2 or np.shape(seen) != scores.shape or np.shape(held_out) != scores.shape:
        raise ConfigError(
            f"scores have shape {scores.shape}, seen {np.shape(seen)}, held_out "
            f"{np.shape(held_out)}. Allowed: [users, items], the same for all three."
        )
    known, wanted = dense(seen), dense(held_out)
    if np.isnan(scores).any():
        user, item = np.argwhere(np.isnan(scores))[0]
        raise ConfigError(f"scores hold NaN for user {user}, item {item}. Allowed: numbers.")
    if (known & wanted).any():
        user, item = np.argwhere(known & wanted)[0]
        raise ConfigError(
            f"item {item} of user {user} is both seen and held out. Allowed: one of them, since "
            "what was seen is never recommended."
        )
    return scores, known, wanted


def first(scores: np.ndarray, seen: np.ndarray, k: int) -> np.ndarray:
    """Returns the k unseen items [B, k] with the highest scores, best first.

    Where a user has fewer than k of them, seen items fill the end.
    """
    # Seen ones behind a score of minus infinity too: by `seen` first, then by score.
    order = np.lexsort((-scores, seen), axis=-1)
    return order[:, : check_size("k", k)]


def _hits(scores: Any, seen: Any, held_out: Any, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns which of the first k are held out, bool [B, k], and how many are held out [B]."""
    scores, known, wanted = _checked(scores, seen, held_out)
    found = np.take_along_axis(wanted, first(scores, known, k), axis=1)
    return found, wanted.sum(1)


def _share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Returns part / whole [B]; NaN for users of whom nothing was held out."""
    return np.where(whole > 0, part / np.maximum(whole, 1e-12), np.nan)


def recall(scores: Any, seen: Any, held_out: Any, k: int) -> np.ndarray:
    """Returns the share of the held-out items that are among the first k, by user [B].

    Equation: Recall@k = |first k and held out| / min(k, |held out|). Liang et al. 2018, section
    4.2: so divided, 1 is reached by a perfect ranking even where more than k were held out.

    Args:
      scores: [B, I], higher for what is recommended first.
      seen: [B, I], not zero at fold-in items; dense or scipy sparse.
      held_out: [B, I], not zero at what should be found; dense or scipy sparse.
      k: how many are recommended; above the number of items it is that number.

    Returns:
      [B] float64; NaN for users of whom nothing was held out.

    Raises:
      ConfigError: shapes that differ, NaN scores, an item both seen and held out, k below 1.
    """
    return _recall(*_hits(scores, seen, held_out, k), k)


def _recall(found: np.ndarray, count: np.ndarray, k: int) -> np.ndarray:
    return _share(found[:, :k].sum(1), np.minimum(k, count))


def ndcg(scores: Any, seen: Any, held_out: Any, k: int) -> np.ndarray:
    """Returns the normalised discounted cumulative gain of the first k, by user [B].

    Equation: DCG@k = sum_{r=1..k} [item at rank r is held out] / log2(r + 1), divided by that of
    the best ranking. Järvelin & Kekäläinen 2002; as in Liang et al. 2018, section 4.2.

    Args, returns, raises: as in `recall`.
    """
    return _ndcg(*_hits(scores, seen, held_out, k), k)


def _ndcg(found: np.ndarray, count: np.ndarray, k: int) -> np.ndarray:
    found = found[:, :k]
    gains = 1 / np.log2(np.arange(found.shape[1]) + 2)
    best = np.concatenate([[0.0], np.cumsum(gains)])
    return _share(found @ gains, best[np.minimum(count, found.shape[1])])


def ranking(
    scores: Any,
    seen: Any,
    held_out: Any,
    recalls: Sequence[int] = (20, 50),
    ndcgs: Sequence[int] = (100,),
) -> dict[str, np.ndarray]:
    """Returns `recall_at_K` and `ndcg_at_K` by user, each [B]; the three of Liang et al. 2018.

    The items are sorted once for all K.

    Args:
      scores, seen, held_out: as in `recall`.
      recalls, ndcgs: the values of K.

    Raises:
      ConfigError: as `recall`.
    """
    wanted = [check_size("k", k) for k in (*recalls, *ndcgs)]
    hits = _hits(scores, seen, held_out, max(wanted, default=1))
    found = {f"recall_at_{k}": _recall(*hits, k) for k in recalls}
    return found | {f"ndcg_at_{k}": _ndcg(*hits, k) for k in ndcgs}
