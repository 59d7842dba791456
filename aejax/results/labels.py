"""Labels that are short and distinct: what sets configurations apart, and no more of it.

Files are named by the shortest part of their path that tells them apart, and what follows from the
file (its fingerprint, its shape) is not said beside it.
"""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import PurePath
from typing import Any

Path = tuple[str, ...]

UNSET = "unset"
LONGEST_VALUE = 24  # characters; a label has to fit beside a panel
# Settings that follow from those before them, mostly: said only where they do not.
FOLLOWING = (("dataset",), ("shape",), ("train_rows",), ("data",))


def labels(flat: Sequence[Mapping[Path, Any]]) -> tuple[list[int], list[tuple[str, ...]]]:
    """Names configurations by the settings in which they differ.

    Args:
      flat: settings of each, e.g. ("args", "latent") -> 16.

    Returns:
      The order by value, and each one's words in the order given, e.g. ("lr=0.01", "w_l1=1").
    """
    columns = {
        path: [each.get(path, UNSET) for each in flat]
        for path in dict.fromkeys(path for each in flat for path in each)
    }
    differing = {path: c for path, c in columns.items() if len(_distinct(c)) > 1}
    differing = _without_followers(_without_copies(differing))
    names = [path[-1] for path in differing]
    words = [
        [
            f"{path[-1] if names.count(path[-1]) == 1 else '.'.join(path)}={text}"
            for text in _texts(column)
        ]
        for path, column in differing.items()
    ]
    order = sorted(
        range(len(flat)), key=lambda i: [sort_key(column[i]) for column in differing.values()]
    )
    return order, [tuple(word[i] for word in words) for i in range(len(flat))]


def names_of(datasets: Iterable[Any]) -> dict[str, str]:
    """Returns data sets' short names: of files, the part of the path that tells them apart."""
    distinct = list(dict.fromkeys(map(str, datasets)))
    apart = _paths_apart(distinct)
    return {name: _cut(text) for name, text in zip(distinct, apart, strict=True)}


def _distinct(column: Iterable[Any]) -> set[str]:
    return {json.dumps(value, sort_keys=True, default=str) for value in column}


def _without_copies(columns: dict[Path, list[Any]]) -> dict[Path, list[Any]]:
    """Drops a setting that repeats another of its name, e.g. `dataset` in the row and its spec."""
    kept: dict[Path, list[Any]] = {}
    for path, column in columns.items():
        if not any(path[-1] == other[-1] and column == kept[other] for other in kept):
            kept[path] = column
    return kept


def _without_followers(columns: dict[Path, list[Any]]) -> dict[Path, list[Any]]:
    """Drops of FOLLOWING what the ones before it decide: a file has one fingerprint."""
    said: list[Path] = []
    dropped: set[Path] = set()
    for path in (path for path in FOLLOWING if path in columns):
        before = list(zip(*(columns[each] for each in said), strict=True))
        with_it = list(zip(*(columns[each] for each in (*said, path)), strict=True))
        if said and len(_distinct(before)) == len(_distinct(with_it)):
            dropped.add(path)
        else:
            said.append(path)
    return {path: column for path, column in columns.items() if path not in dropped}


def sort_key(value: Any) -> tuple[int, list[float], str]:
    """Numbers by size, then lists of numbers by their items, then everything else by its text."""
    items = value if isinstance(value, list | tuple) else [value]
    if all(isinstance(item, int | float) for item in items):
        return (int(items is value), [float(item) for item in items], "")
    return (2, [], str(value))


def _plain(value: Any) -> str:
    """Returns `0.01`, `64-32` or `true`."""
    forms: dict[type, Callable[[Any], str]] = {
        bool: lambda v: str(v).lower(),
        float: lambda v: f"{v:.4g}",
        list: lambda v: "-".join(map(_plain, v)) or "none",
        tuple: lambda v: "-".join(map(_plain, v)) or "none",
        type(None): lambda v: "none",
    }
    return forms.get(type(value), str)(value)


def _cut(text: str) -> str:
    """Returns a text's end where it is long: there file names differ."""
    return text if len(text) <= LONGEST_VALUE else "…" + text[1 - LONGEST_VALUE :]


def _texts(column: list[Any]) -> list[str]:
    """Returns the values' short texts, or longer ones where short ones would fall together."""
    plain = [_plain(value) for value in column]
    if any(os.sep in text for text in plain):
        plain = _paths_apart(plain)
    count = len(_distinct(column))
    for form in (list(map(_cut, plain)), _middles(plain)):
        if len(set(form)) == count:
            return form
    return [repr(value) for value in column]


def _middles(texts: list[str]) -> list[str]:
    """Returns texts without the beginning and the end that all have: "…3…" of run-3-long-name."""
    head = _shared(texts)
    rest = [text[head:] for text in texts]
    tail = _shared([text[::-1] for text in rest])
    middles = [text[: len(text) - tail] for text in rest]
    return [_cut("…" * (head > 0) + text + "…" * (tail > 0)) for text in middles]


def _shared(texts: list[str]) -> int:
    """Returns how many characters all begin with."""
    at = zip(*texts, strict=False)
    return sum(1 for _ in itertools.takewhile(lambda characters: len(set(characters)) == 1, at))


def _paths_apart(texts: list[str]) -> list[str]:
    """Returns as few of each path's last parts as tell it apart, without an end that all share."""
    parts = [PurePath(text).parts or (text,) for text in texts]
    short = [_tail(each, parts) for each in parts]
    while all(len(each) > 1 for each in short) and len({each[-1] for each in short}) == 1:
        short = [each[:-1] for each in short]
    return ["/".join(each) for each in short]


def _tail(mine: tuple[str, ...], others: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    for size in range(1, len(mine)):
        if all(other == mine or other[-size:] != mine[-size:] for other in others):
            return mine[-size:]
    return mine
