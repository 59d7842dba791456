"""Curves over training, a variant each: mean and range over seeds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from aejax.figures.bands import Band, band_of
from aejax.figures.output import Arrayed
from aejax.report.tables import spread
from aejax.results.rows import SELECTION, Variant, diverged, number

MOST = 100  # variants; of more, those that are best by validation
SPLITS = {"curve": "train", "valid": "valid"}  # as arrays' names begin -> as readers know it


def curves(groups: Sequence[Variant], arrays: Arrayed) -> dict[str, Any]:
    """Returns {"lines": a curve a variant, split and term, "note": what was left out}.

    Args:
      groups: the variants, in whose order the curves are.
      arrays: member id -> its arrays.
    """
    places, note = list(range(len(groups))), ""
    if len(groups) > MOST:
        places = sorted(places, key=lambda i: _rank(groups[i]))[:MOST]
        note = f"Of {len(groups)} variants the {MOST} with the lowest validation error are shown."
    lines = [line for place in sorted(places) for line in _lines(place, groups[place], arrays)]
    return {"lines": lines, "note": note}


def _rank(variant: Variant) -> float:
    value = spread([number(row, SELECTION) for row in variant.rows if not diverged(row)])["mean"]
    return math.inf if value is None else value


def _lines(place: int, variant: Variant, arrays: Arrayed) -> list[dict[str, Any]]:
    members = [(row, arrays[row["id"]]) for row in variant.rows if row["id"] in arrays]
    found = []
    for begin, split in SPLITS.items() if members else ():
        keys = [key for key in members[0][1] if key.startswith(f"{begin}/")]
        for key in sorted(key for key in keys if all(key in held for _, held in members)):
            term = key.partition("/")[2]
            band = band_of(variant, term, begin, members)
            found.append({"variant": place, "term": term, "split": split, **_points(band)})
    return found


def _points(band: Band) -> dict[str, Any]:
    return {
        "step": _numbers(band.step),
        "mean": _numbers(band.mean),
        "low": _numbers(band.low),
        "high": _numbers(band.high),
        "seeds": band.seeds,
        "lost": [{"step": _numbers(step), "value": _numbers(value)} for step, value in band.lost],
    }


def _numbers(values: np.ndarray) -> list[float | None]:
    """Returns six digits of each; None for what is not finite."""
    return [float(f"{v:.6g}") if math.isfinite(v) else None for v in values.tolist()]
