"""Strong generalisation: recommenders are judged by users that they were not trained on.

Liang et al. 2018, section 4: what is liked is one and the rest is zero, some users are held out for
validation and for test, and of each the model sees a part, the fold-in, and is to find the rest.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from aejax.data.ratings.files import Ratings, known_items, matrix
from aejax.errors import ConfigError, check_integer, check_within

LIKED = 0.8  # of the largest rating: 4 of 5
LEAST_ITEMS = 5  # that a user likes
HELD_OUT = 0.2  # of the liked items of a held-out user


class HeldOutUsers(NamedTuple):
    """Users that no model was trained on: what it is told of each, and what it is to find."""

    fold_in: Any  # scipy csr [V, I], ones
    held_out: Any  # scipy csr [V, I], ones elsewhere than in fold_in, at least one a user


class Protocol(NamedTuple):
    """What a recommender is trained, chosen and tested on."""

    train: Any  # scipy csr float32 [N, I], ones: every training user's liked items
    valid: HeldOutUsers
    test: HeldOutUsers
    items: tuple[str, ...]  # ids of the I items, each liked by a training user
    threshold: float  # a rating of so much or more is liked
    dropped: dict[str, int]  # what of the file is not used, in counts


def strong_generalisation(
    ratings: Ratings, seed: int, valid_users: int, test_users: int, threshold: float | None = None
) -> Protocol:
    """Returns the split of Liang et al. 2018, section 4.1.

    A rating of `threshold` or more is one. Users with fewer than five such items are left out, and
    of the others the seed draws those that are held out. Items that no training user likes are
    unknown to a model and left out for all. Of a held-out user's items a fifth, drawn by the seed
    too, is to be found, rounded down; who has fewer than five known items left is left out.

    Args:
      ratings: of all users.
      seed: of users and fold-ins.
      valid_users, test_users: held out for each, of whom some may be left out.
      threshold: None: four fifths of the largest rating, 4 of 5; where all ratings are equal,
        such as ones for what was clicked, all is liked.

    Raises:
      ConfigError: sizes below 1, a threshold out of range, or a file with too few users or items.
    """
    seed = check_integer("seed", seed, 0)
    for name, size in (("valid_users", valid_users), ("test_users", test_users)):
        check_integer(name, size, 1)
    liked, threshold = _liked(ratings, threshold)
    needed = valid_users + test_users
    order, random = _drawn(ratings, liked, threshold, needed, seed)
    train = liked[np.sort(order[needed:])]
    of_valid, of_test = order[:valid_users], order[valid_users:needed]
    return _protocol(ratings, train, liked[of_valid], liked[of_test], random, threshold, liked)


def with_test(
    ratings: Ratings,
    test: Ratings,
    seed: int,
    valid_users: int,
    threshold: float | None = None,
) -> Protocol:
    """Returns the same, but the test users are those of another file.

    Args:
      ratings: of training and validation users.
      test: of test users; ids of users have nothing to do with those of the other file, ids of
        items are the same.
      seed, valid_users, threshold: as in `strong_generalisation`.

    Raises:
      ConfigError: an item of the test file that the other file does not have (says where); as
        `strong_generalisation`.
    """
    place = known_items(test, ratings.items)
    seed, valid_users = check_integer("seed", seed, 0), check_integer("valid_users", valid_users, 1)
    liked, threshold = _liked(ratings, threshold)
    theirs, _ = _liked(test, threshold)
    shown = theirs.tocoo()
    from scipy.sparse import csr_array

    cells = (shown.data, (shown.row, place[shown.col]))
    theirs = csr_array(cells, shape=(theirs.shape[0], liked.shape[1]))
    order, random = _drawn(ratings, liked, threshold, valid_users, seed)
    train, valid = liked[np.sort(order[valid_users:])], liked[order[:valid_users]]
    return _protocol(ratings, train, valid, theirs, random, threshold, liked)


def _liked(ratings: Ratings, threshold: float | None) -> tuple[Any, float]:
    """Returns ones where a rating is the threshold or more, csr [U, I], and the threshold."""
    most = float(ratings.value.max())
    level = LIKED * most if threshold is None else float(threshold)
    if threshold is not None:
        check_within("threshold", threshold, 0, most)
    liked = matrix(ratings)
    # Four fifths of 5 is 4 in float32, too.
    liked.data = (liked.data >= np.float32(level) * (1 - 1e-6)).astype(np.float32)
    liked.eliminate_zeros()
    return liked, level


def _drawn(
    ratings: Ratings, liked: Any, threshold: float, held: int, seed: int
) -> tuple[np.ndarray, np.random.RandomState]:
    """Returns the users with enough items in the seed's order, and its generator.

    Raises:
      ConfigError: too few of them to hold `held` out.
    """
    enough = np.flatnonzero(_counts(liked) >= LEAST_ITEMS)
    if len(enough) < held + LEAST_ITEMS:
        raise ConfigError(
            f"dataset={ratings.name!r} has {len(enough)} users with {LEAST_ITEMS} ratings of "
            f"{threshold:g} or more, and {held} of them are held out. Allowed: "
            f"{held + LEAST_ITEMS} or more."
        )
    random = np.random.RandomState(seed)  # its stream is frozen, so the split outlives NumPy 3
    return enough[random.permutation(len(enough))], random


def _counts(rows: Any) -> np.ndarray:
    return np.diff(rows.indptr)


def _protocol(
    ratings: Ratings,
    train: Any,
    valid: Any,
    test: Any,
    random: np.random.RandomState,
    threshold: float,
    liked: Any,
) -> Protocol:
    known = np.flatnonzero(np.asarray(train.sum(0)).ravel() > 0)
    of_valid, lost_valid = _folded(valid[:, known], random, "validation", ratings.name)
    of_test, lost_test = _folded(test[:, known], random, "test", ratings.name)
    return Protocol(
        train=train[:, known],
        valid=of_valid,
        test=of_test,
        items=tuple(ratings.items[i] for i in known),
        threshold=threshold,
        dropped={
            "ratings_below": len(ratings.value) - int(liked.nnz),
            "users": int((_counts(liked) < LEAST_ITEMS).sum()),
            "items": len(ratings.items) - len(known),
            "valid_users": lost_valid,
            "test_users": lost_test,
        },
    )


def _folded(
    rows: Any, random: np.random.RandomState, which: str, name: str
) -> tuple[HeldOutUsers, int]:
    """Returns fold-in and held-out items of users, and how many users have too few."""
    from scipy.sparse import csr_array

    rows = csr_array(rows)
    kept = rows[np.flatnonzero(_counts(rows) >= LEAST_ITEMS)]
    if not kept.shape[0]:
        raise ConfigError(
            f"dataset={name!r}: no {which} user has {LEAST_ITEMS} items that training users like. "
            "Allowed: one or more."
        )
    hidden = np.zeros(kept.nnz, bool)
    for start, end in zip(kept.indptr[:-1], kept.indptr[1:], strict=True):
        count = int(HELD_OUT * (end - start))
        hidden[start + random.permutation(end - start)[:count]] = True
    parts = []
    for mask in (~hidden, hidden):
        part = kept.copy()
        part.data = mask.astype(np.float32)
        part.eliminate_zeros()
        parts.append(part)
    return HeldOutUsers(*parts), rows.shape[0] - kept.shape[0]
