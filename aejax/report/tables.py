"""The report's tables: variants with mean and standard deviation over seeds, and members."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from aejax.results.rows import (
    HIGHER_IS_BETTER,
    SELECTION,
    Row,
    Variant,
    best,
    diverged,
    number,
    selectable,
    settings,
    variants,
)

# Shown at first, where any row has them; the others are a tick away.
SHOWN = (SELECTION, "test_mse_per_image", "test_rec_nats", "test_kl_nats", "test_elbo_nats")


def metrics_of(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """Returns the metrics of the rows: name, whether more is better, whether it is shown first."""
    names = dict.fromkeys(name for row in rows for name in row.get("metrics") or {})
    ordered = [name for name in SHOWN if name in names]
    ordered += sorted(name for name in names if name not in SHOWN)
    return [
        {"name": n, "higher": n.endswith(HIGHER_IS_BETTER), "shown": n in SHOWN} for n in ordered
    ]


def dotted(row: Row) -> dict[str, Any]:
    """Returns what defines a member, flat: model, dataset, `args.latent`, `hp.lr`, ..., seed."""
    flat = {".".join(path): value for path, value in settings(row).items()}
    return {"model": row["model"], **flat, "seed": row["seed"]}


def differing(rows: Sequence[Row]) -> list[str]:
    """Returns the names of `dotted` in whose values members differ, and no copies of others.

    A name that one model has and another has not makes no difference by that alone.
    """
    flat = [dotted(row) for row in rows]
    kept: dict[str, list[str | None]] = {}
    for name in dict.fromkeys(name for each in flat for name in each):
        column = [_key(each.get(name)) for each in flat]
        by_model: dict[str, set[str | None]] = {}
        for each, value in zip(flat, column, strict=True):
            by_model.setdefault(each["model"], set()).add(value)
        differs = len({*column} - {None}) > 1 or any(len(found) > 1 for found in by_model.values())
        if differs and column not in kept.values():
            kept[name] = column
    return list(kept)


def _key(value: Any) -> str | None:
    return None if value is None else json.dumps(value, sort_keys=True, default=str)


def spread(values: Sequence[float]) -> dict[str, Any]:
    """Returns mean, sample standard deviation (None of one value) and number of finite values."""
    finite = np.asarray([value for value in values if math.isfinite(value)], np.float64)
    return {
        "mean": float(finite.mean()) if finite.size else None,
        "sd": float(finite.std(ddof=1)) if finite.size > 1 else None,
        "n": int(finite.size),
    }


def marks(rows: Sequence[Row]) -> dict[str, str]:
    """Returns member id -> "best of all" or "best of its model", by validation, a data set each.

    Nobody is marked where there are no validation rows.
    """
    found: dict[str, str] = {}
    for dataset in dict.fromkeys(row.get("dataset") for row in rows):
        mine = [row for row in rows if row.get("dataset") == dataset and selectable(row)]
        for model in dict.fromkeys(row["model"] for row in mine):
            first = best(row for row in mine if row["model"] == model)
            if first is not None:
                found[str(first["id"])] = "best of its model"
        first = best(mine)
        if first is not None:
            found[str(first["id"])] = "best of all"
    return found


def _lost(row: Row) -> dict[str, Any]:
    failed = row.get("failed") or {}
    return {
        "id": str(row["id"]),
        "seed": row["seed"],
        "step": failed.get("step", row.get("step")),
        "term": failed.get("term", "loss"),
        "hint": failed.get("hint"),
    }


def variant_of(variant: Variant, names: Sequence[str], shown: Sequence[str]) -> dict[str, Any]:
    """Returns a variant's line.

    Args:
      variant: rows that differ in their seed alone.
      names: of the metrics.
      shown: of the settings that differ between the sweep's members.
    """
    ended = [row for row in variant.rows if not diverged(row)]
    first = best(variant.rows)
    flat = dotted(variant.rows[0])
    return {
        "label": variant.label,
        "model": variant.model,
        "dataset": variant.rows[0].get("dataset"),
        "seeds": len(variant.rows),
        "ended": len(ended),
        "diverged": [_lost(row) for row in variant.rows if diverged(row)],
        "best": None if first is None else str(first["id"]),
        "settings": {name: flat.get(name) for name in shown if name != "seed"},
        "metrics": {name: spread([number(row, name) for row in ended]) for name in names},
    }


def member_of(row: Row, variant: int, names: Sequence[str], shown: Sequence[str]) -> dict[str, Any]:
    """Returns a member's line; `variant` is the place of its variant."""
    flat = dotted(row)
    values = {name: number(row, name) for name in names}
    return {
        "id": str(row["id"]),
        "variant": variant,
        "seed": row["seed"],
        "step": row.get("step"),
        "lost": _lost(row) if diverged(row) else None,
        "settings": {name: flat.get(name) for name in shown},
        "metrics": {name: None if math.isnan(v) else v for name, v in values.items()},
    }


def tables(rows: Sequence[Row]) -> dict[str, Any]:
    """Returns `metrics`, `settings`, `variants`, `members` and `marks` of the report."""
    groups = variants(rows)
    metrics, shown = metrics_of(rows), differing(rows)
    names = [metric["name"] for metric in metrics]
    return {
        "selection": SELECTION,
        "selected": any(selectable(row) for row in rows),
        "metrics": metrics,
        "settings": shown,
        "variants": [variant_of(group, names, shown) for group in groups],
        "members": [
            member_of(row, i, names, shown) for i, group in enumerate(groups) for row in group.rows
        ],
        "marks": marks(rows),
    }
