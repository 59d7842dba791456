"""Rows to variants: members that differ in their seed alone, under a label as short as it can be.

Free of matplotlib, so that the sweep's table can group rows in the same way as the figures.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

Row = dict[str, Any]
Path = tuple[str, ...]

UNSET = "unset"
SELECTION = "valid_mse_per_image"  # what members are chosen by, everywhere
LONGEST_VALUE = 24  # characters; a label has to fit beside a panel


class Variant(NamedTuple):
    """Rows of one configuration, by seed; `label` names what sets it apart within its model."""

    label: str
    model: str
    rows: list[Row]


def number(row: Row, metric: str) -> float:
    """Returns a row's metric, or NaN where it is absent, null or not finite."""
    value = (row.get("metrics") or {}).get(metric)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return math.nan
    return float(value)


def diverged(row: Row) -> bool:
    """Returns whether the member was frozen before its last step."""
    return row.get("status") != "ok"


def selectable(row: Row, metric: str = SELECTION) -> bool:
    """Returns whether a row has the metric by which members are chosen.

    Rows of a sweep without validation rows (`valid_fraction=0`) have not.
    """
    return not math.isnan(number(row, metric))


def best(rows: Iterable[Row], metric: str = SELECTION) -> Row | None:
    """Returns the row with the lowest metric, of validation, among those that ended well.

    Where none has it, the first by seed: nothing is chosen by test rows. None when every member
    diverged.
    """
    ended = [row for row in rows if not diverged(row)]
    ranked = [row for row in ended if selectable(row, metric)]
    if ranked:
        return min(ranked, key=lambda row: number(row, metric))
    return min(ended, key=lambda row: _sort_key(row.get("seed")), default=None)


def settings(row: Row) -> dict[Path, Any]:
    """Returns all that defines a member but its model and seed, flat: ("args", "latent") -> 16."""
    flat: dict[Path, Any] = {("dataset",): row.get("dataset")}

    def walk(path: Path, node: Mapping[str, Any]) -> None:
        for name, value in node.items():
            if isinstance(value, Mapping):
                walk((*path, name), value)
            elif (*path, name) not in {("model",), ("seed",)}:
                flat[(*path, name)] = value

    walk((), row.get("spec") or {})
    walk(("hp",), row.get("hp") or {})
    return flat


def variants(rows: Iterable[Row]) -> list[Variant]:
    """Groups rows by everything but the seed.

    The order depends on the rows' contents alone (model, then the values that differ), so that a
    sweep that was stopped and continued gives the same table and figures as an undisturbed one.

    Args:
      rows: rows of `results.jsonl`, of any models and data sets.

    Returns:
      One Variant a configuration, e.g. with the label `sparse_l1 · w_l1=0.01`.
    """
    models: dict[str, dict[str, list[Row]]] = {}
    for row in rows:
        key = json.dumps(sorted((list(p), v) for p, v in settings(row).items()), default=str)
        models.setdefault(str(row["model"]), {}).setdefault(key, []).append(row)
    return [
        variant
        for model in sorted(models, key=_natural)
        for variant in _name(model, models[model].values())
    ]


def _natural(name: str) -> list[str | int]:
    """Sorts `mlp_2` before `mlp_10`: texts and numbers take turns in the key."""
    return [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", name)]


def _name(model: str, groups: Iterable[list[Row]]) -> list[Variant]:
    """Labels the groups of one model by the settings in which they differ, and sorts them."""
    groups = list(groups)
    flat = [settings(group[0]) for group in groups]
    columns = {
        path: [each.get(path, UNSET) for each in flat]
        for path in dict.fromkeys(path for each in flat for path in each)
    }
    differing = _without_copies({p: c for p, c in columns.items() if len(_distinct(c)) > 1})
    names = [path[-1] for path in differing]
    texts = [
        [
            f"{path[-1] if names.count(path[-1]) == 1 else '.'.join(path)}={text}"
            for text in _texts(column)
        ]
        for path, column in differing.items()
    ]
    order = sorted(
        range(len(groups)), key=lambda i: [_sort_key(column[i]) for column in differing.values()]
    )
    return [
        Variant(
            label=" · ".join([model, ", ".join(text[i] for text in texts)][: 2 if texts else 1]),
            model=model,
            rows=sorted(groups[i], key=lambda row: _sort_key(row.get("seed"))),
        )
        for i in order
    ]


def _distinct(column: list[Any]) -> set[str]:
    return {json.dumps(value, sort_keys=True, default=str) for value in column}


def _without_copies(columns: dict[Path, list[Any]]) -> dict[Path, list[Any]]:
    """Drops a setting that repeats another of its name, e.g. `dataset` in the row and its spec."""
    kept: dict[Path, list[Any]] = {}
    for path, column in columns.items():
        if not any(path[-1] == other[-1] and column == kept[other] for other in kept):
            kept[path] = column
    return kept


def _sort_key(value: Any) -> tuple[int, list[float], str]:
    """Numbers by size, then lists of numbers by their items, then everything else by its text."""
    items = value if isinstance(value, list | tuple) else [value]
    if all(isinstance(item, int | float) for item in items):
        return (int(items is value), [float(item) for item in items], "")
    return (2, [], str(value))


def _short(value: Any) -> str:
    """Returns `0.01`, `64-32` or `true`; a long text keeps its end, where file names differ."""
    forms: dict[type, Callable[[Any], str]] = {
        bool: lambda v: str(v).lower(),
        float: lambda v: f"{v:.4g}",
        list: lambda v: "-".join(map(_short, v)) or "none",
        tuple: lambda v: "-".join(map(_short, v)) or "none",
        type(None): lambda v: "none",
    }
    text = forms.get(type(value), str)(value)
    return text if len(text) <= LONGEST_VALUE else "…" + text[1 - LONGEST_VALUE :]


def _texts(column: list[Any]) -> list[str]:
    """Returns the values' short texts, or their full ones where short ones would fall together."""
    short = [_short(value) for value in column]
    return short if len(set(short)) == len(_distinct(column)) else [repr(v) for v in column]
