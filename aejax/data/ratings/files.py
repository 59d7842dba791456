"""Files of ratings: a line a rating, with user, item, rating and, if it is there, a time."""

from __future__ import annotations

import csv
import math
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np

from aejax.data.dataset import fingerprint
from aejax.errors import ConfigError, nearest

# Suffix -> what stands between fields: also MovieLens' u.data and ratings.dat, RecBole's .inter.
SEPARATORS = {".csv": ",", ".tsv": "\t", ".data": "\t", ".inter": "\t", ".dat": "::"}
# Role -> what its column may be called, in letters alone: "userId", "user_id:token".
NAMES = {
    "user": ("user", "userid", "uid"),
    "item": ("item", "itemid", "iid", "movie", "movieid", "product", "productid"),
    "rating": ("rating", "ratings", "score", "stars"),
    "time": ("time", "timestamp", "date"),
}
ALLOWED = "Allowed: user, item, rating and maybe timestamp, named so in the first line or in order"


class Ratings(NamedTuple):
    """E ratings of U users for I items, in the file's order."""

    name: str
    user: np.ndarray  # int32 [E], indices of `users`
    item: np.ndarray  # int32 [E], indices of `items`
    value: np.ndarray  # float32 [E], finite and 0 or more
    line: np.ndarray  # int32 [E], of the file
    users: tuple[str, ...]  # ids as they are written, in the order of their first rating
    items: tuple[str, ...]
    fingerprint: str


def _fields(file: IO[str], separator: str) -> Iterator[tuple[int, list[str]]]:
    """Yields the number and the fields of each line that is not blank."""
    if len(separator) == 1:
        quoting = csv.QUOTE_MINIMAL if separator == "," else csv.QUOTE_NONE
        reader = csv.reader(file, delimiter=separator, quoting=quoting)
        for fields in reader:
            if any(field.strip() for field in fields):
                yield reader.line_num, fields
        return
    for number, text in enumerate(file, 1):
        if text.strip():
            yield number, text.rstrip("\r\n").split(separator)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _is_header(fields: Sequence[str]) -> bool:
    """Names of columns, and no rating: the third field is a word, and NaN is none."""
    third = fields[2].strip().lower() if len(fields) > 2 else ""
    return math.isnan(_number(third)) and third.lstrip("+-") != "nan"


def _columns(fields: Sequence[str], where: str) -> dict[str, int]:
    """Returns the places of user, item and rating by a first line of names."""
    plain = ["".join(c for c in f.split(":")[0].lower() if c.isalpha()) for f in fields]
    found: dict[str, int] = {}
    for role, names in NAMES.items():
        places = [i for i, name in enumerate(plain) if name in names]
        if role != "time" and len(places) != 1:
            shown = ", ".join(f.strip() for f in fields)
            raise ConfigError(
                f"{where} has the columns [{shown:.80}], and {len(places) or 'none'} of them is the"
                f" {role}. {ALLOWED}."
            )
        if places:
            found[role] = places[0]
    return found


def read_ratings(path: Path | str, name: str | None = None) -> Ratings:
    """Reads a file of ratings: `.csv`, `.tsv`, `.data`, `.inter` (tabs) or `.dat` (`::`).

    Columns are found by their names in the first line, in any order ("userId", "movie_id",
    "rating:float"); a file without names has user, item, rating and maybe a time in that order.
    Ids are any text, ratings finite numbers of 0 or more.

    Args:
      path: the file.
      name: what the data set is called; None: the path.

    Raises:
      ConfigError: no such file, another suffix, columns that are missing, a line with a rating that
        is negative or no number or with fields missing: one line with file, line and what is
        allowed.
    """
    path = Path(path).expanduser()
    field = f"ratings file {str(path)!r}"
    separator = SEPARATORS.get(path.suffix.lower())
    if separator is None or not path.is_file():
        problem = "is no file" if separator else f"is a {path.suffix or 'plain'} file"
        raise ConfigError(f"{field} {problem}. Allowed: {', '.join(SEPARATORS)}.")
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return _read(_fields(file, separator), field, name or str(path))
    except (UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(
            f"{field} cannot be read: {' '.join(str(error).split())}. Allowed: text in UTF-8."
        ) from error


def _read(lines: Iterator[tuple[int, list[str]]], field: str, name: str) -> Ratings:
    users: dict[str, int] = {}
    items: dict[str, int] = {}
    user, item, line, value = array("i"), array("i"), array("i"), array("f")
    at = {"user": 0, "item": 1, "rating": 2}
    for count, (number, fields) in enumerate(lines):
        where = f"{field}, line {number}"
        if count == 0 and _is_header(fields):
            at = _columns(fields, where)
            continue
        if len(fields) <= max(at.values()):
            raise ConfigError(f"{where} has {len(fields)} fields. {ALLOWED}.")
        by, of, rating = (fields[at[role]].strip() for role in ("user", "item", "rating"))
        if not by or not of:
            raise ConfigError(f"{where} has no {'item' if by else 'user'}. {ALLOWED}.")
        number_of = _number(rating)
        if not 0 <= number_of < math.inf:
            raise ConfigError(
                f"{where} has the rating {rating!r:.40}. Allowed: finite numbers of 0 or more."
            )
        user.append(users.setdefault(by, len(users)))
        item.append(items.setdefault(of, len(items)))
        value.append(number_of)
        line.append(number)
    if not value:
        raise ConfigError(f"{field} has no ratings. {ALLOWED}.")
    who, what, liked, at_line = (np.asarray(column) for column in (user, item, value, line))
    return make_ratings(name, who, what, liked, at_line, tuple(users), tuple(items))


def make_ratings(
    name: str,
    user: np.ndarray,
    item: np.ndarray,
    value: np.ndarray,
    line: np.ndarray,
    users: tuple[str, ...],
    items: tuple[str, ...],
) -> Ratings:
    """Returns the record with its fingerprint, which knows ids too."""
    ids = np.frombuffer("\0".join((*users, "", *items)).encode(), np.uint8)
    told = fingerprint([user, item, value, ids])
    return Ratings(name, user, item, value, line, users, items, told)


def known_items(ratings: Ratings, items: Sequence[str]) -> np.ndarray:
    """Returns the places of a file's items among those of another, int [I].

    Raises:
      ConfigError: an item that is not among them: of which nothing has been learnt.
    """
    place = {item: i for i, item in enumerate(items)}
    unknown = [i for i, item in enumerate(ratings.items) if item not in place]
    if unknown:
        first = int(np.flatnonzero(ratings.item == unknown[0])[0])
        item = ratings.items[unknown[0]]
        raise ConfigError(
            f"ratings file {ratings.name!r}, line {ratings.line[first]} has the item {item!r:.40}, "
            f"and {len(unknown)} in all, that no training line has.{nearest(item, items)} Allowed: "
            f"the {len(items)} items that were trained on."
        )
    return np.asarray([place[item] for item in ratings.items])


def matrix(ratings: Ratings) -> Any:
    """Returns the ratings as a scipy sparse array, float32 [U, I]; of a pair the last line's.

    A rating of 0 is kept as an explicit zero.
    """
    from scipy.sparse import csr_array

    pair = ratings.user.astype(np.int64) * len(ratings.items) + ratings.item
    _, last = np.unique(pair[::-1], return_index=True)
    kept = len(pair) - 1 - last
    shape = (len(ratings.users), len(ratings.items))
    return csr_array((ratings.value[kept], (ratings.user[kept], ratings.item[kept])), shape=shape)
