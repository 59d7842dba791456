"""Curves over training, a variant each: mean and range over seeds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from aejax.figures.bands import Band, band_of
from aejax.figures.output import Arrayed
from aejax.results.rows import Variant

SPLITS = {"curve": "train", "valid": "valid"}  # as arrays' names begin -> as readers know it


def curves(groups: Sequence[Variant], arrays: Arrayed) -> list[dict[str, Any]]:
    """Returns a curve a variant, split and term, in the order of the variants.

    Args:
      groups: the variants.
      arrays: member id -> its arrays.
    """
    found = []
    for place, variant in enumerate(groups):
        members = [(row, arrays[row["id"]]) for row in variant.rows if row["id"] in arrays]
        if not members:
            continue
        for begin, split in SPLITS.items():
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
