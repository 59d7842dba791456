"""Rows to variants: members that differ in their seed alone, under a label as short as it can be.

Free of matplotlib, so that the sweep's table can group rows in the same way as the figures.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from aejax.results.labels import Path, labels, sort_key

Row = dict[str, Any]

SELECTION = "valid_mse_per_image"  # what members are chosen by, everywhere
HIGHER_IS_BETTER = ("elbo_nats", "token_accuracy")  # ends of metrics' names


class Variant(NamedTuple):
    """Rows of one configuration, by seed; `label` names what sets it apart within its model."""

    label: str
    model: str
    rows: list[Row]
    words: tuple[str, ...] = ()  # the label's parts, e.g. ("lr=0.01", "w_l1=1")


def number(row: Row, metric: str) -> float:
    """Returns a row's metric, or NaN where it is absent, null or not finite."""
    value = (row.get("metrics") or {}).get(metric)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return math.nan
    return float(value)


def diverged(row: Row) -> bool:
    """Returns whether the member was frozen before its last step."""
    return row.get("status") != "ok"


def unit_of(rows: Iterable[Row]) -> str:
    """Returns what an example is called: "image" where all are [H, W, C], else "example"."""
    shapes = [(row.get("spec") or {}).get("shape") for row in rows]
    return "image" if shapes and all(s is None or len(s) == 3 for s in shapes) else "example"


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
    return min(ended, key=lambda row: sort_key(row.get("seed")), default=None)


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
    order, words = labels(_told(groups))
    return [
        Variant(
            label=" · ".join([model, ", ".join(words[i])][: 2 if words[i] else 1]),
            model=model,
            rows=sorted(groups[i], key=lambda row: sort_key(row.get("seed"))),
            words=words[i],
        )
        for i in order
    ]


def _told(groups: list[list[Row]]) -> list[dict[Path, Any]]:
    """Returns the settings and, for labels alone, the count of training rows where all say it."""
    counts = [(group[0].get("examples") or {}).get("train") for group in groups]
    known = None not in counts
    return [
        settings(group[0]) | ({("train_rows",): count} if known else {})
        for group, count in zip(groups, counts, strict=True)
    ]
