"""Ratings by name: the MovieLens sets from files placed by hand, and a set drawn from a seed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from aejax.data import paths
from aejax.data.ratings.files import SEPARATORS, Ratings, make_ratings, read_ratings
from aejax.errors import ConfigError

PLANTED_USERS, PLANTED_ITEMS, PLANTED_TASTES = 500, 200, 6


class RatingsSource(NamedTuple):
    """A set of ratings by name, and what it holds."""

    ratings: int
    users: int
    items: int
    licence: str
    files: tuple[str, ...] = ()  # any one of them, in `manual_dir`; none: it is made here
    hint: str = ""  # how to come by them
    make: Callable[[], Ratings] | None = None


def planted_ratings() -> Ratings:
    """Returns ratings of 500 users for 200 items that six tastes explain, drawn from one seed.

    User u likes item i by a score b_i + <p_u, q_i>, with b the items' popularity and p, q Gaussian.
    Each user rates 20 to 60 items, drawn with chances that rise with the score, from 1 to 5 by the
    score with noise, as often as in MovieLens-100K. A model that finds the tastes ranks better than
    popularity does.
    """
    random = np.random.RandomState(0)
    taste = random.normal(size=(PLANTED_USERS, PLANTED_TASTES))
    kind = random.normal(size=(PLANTED_ITEMS, PLANTED_TASTES))
    score = taste @ kind.T / np.sqrt(PLANTED_TASTES) + random.normal(size=PLANTED_ITEMS)
    drawn = score + 0.5 * random.gumbel(size=score.shape)
    count = random.randint(20, 61, size=PLANTED_USERS)
    chosen = np.argsort(-drawn, axis=1)
    noisy = score + 0.3 * random.normal(size=score.shape)
    users = np.repeat(np.arange(PLANTED_USERS), count)
    items = np.concatenate([chosen[u, :n] for u, n in enumerate(count)])
    seen = noisy[users, items]
    value = 1.0 + np.searchsorted(np.quantile(seen, (0.06, 0.17, 0.44, 0.78)), seen)
    return make_ratings(
        "planted_ratings",
        users.astype(np.int32),
        items.astype(np.int32),
        value.astype(np.float32),
        np.arange(1, len(users) + 1, dtype=np.int32),
        tuple(f"u{i}" for i in range(PLANTED_USERS)),
        tuple(f"i{i}" for i in range(PLANTED_ITEMS)),
    )


_LICENCE = "GroupLens: for research, not to be passed on"
RATINGS: dict[str, RatingsSource] = {
    "planted_ratings": RatingsSource(
        19_704, PLANTED_USERS, PLANTED_ITEMS, "of this package", make=planted_ratings
    ),
    "ml-100k": RatingsSource(
        100_000, 943, 1_682, _LICENCE, ("u.data", "ml-100k.inter"),
        "u.data of GroupLens' ml-100k.zip, or dataset_example/ml-100k/ml-100k.inter in the wheel "
        "of the package recbole (pip download recbole --no-deps; a wheel is a zip archive)",
    ),
    "ml-1m": RatingsSource(
        1_000_209, 6_040, 3_706, _LICENCE, ("ratings.dat", "ml-1m.inter"),
        "ratings.dat of GroupLens' ml-1m.zip",
    ),
    "ml-20m": RatingsSource(
        20_000_263, 138_493, 26_744, _LICENCE, ("ratings.csv", "ml-20m.inter"),
        "ratings.csv of GroupLens' ml-20m.zip",
    ),
}  # fmt: skip


def load_ratings(name: str | Path, manual_dir: str | Path | None = None) -> Ratings:
    """Returns ratings by name, or those of the user's own file.

    Args:
      name: a key of RATINGS, or the path of a file as `read_ratings` takes it.
      manual_dir: a folder with the raw file of a set of MovieLens, in it or in its folder of that
        name.

    Raises:
      ConfigError: an unknown name, a set whose file is not there or holds something else; as
        `read_ratings`.
    """
    source = RATINGS.get(str(name))
    if source is None:
        return read_ratings(paths.own(name, RATINGS, f"a {', '.join(SEPARATORS)}"))
    if source.make:
        return source.make()
    folder = paths.manual_dir(manual_dir)
    near = [] if folder is None else [folder / str(name), folder]
    found = [at / file for at in near for file in source.files if (at / file).is_file()]
    if not found:
        given = "is not given" if folder is None else f"{str(folder)!r} has no such file"
        raise ConfigError(
            f"dataset={str(name)!r} needs {' or '.join(source.files)} in manual_dir, which {given}."
            f" Allowed: manual_dir=DIR with {source.hint}."
        )
    ratings = read_ratings(found[0], str(name))
    held = (len(ratings.value), len(ratings.users), len(ratings.items))
    wanted = (source.ratings, source.users, source.items)
    if held != wanted:
        raise ConfigError(
            f"ratings file {str(found[0])!r} has {held[0]:,} ratings of {held[1]:,} users for "
            f"{held[2]:,} items. Allowed for {str(name)!r}: {wanted[0]:,}, {wanted[1]:,} and "
            f"{wanted[2]:,}; a part of it under its own path."
        )
    return ratings
