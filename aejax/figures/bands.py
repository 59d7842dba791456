"""A variant's curves over training, reduced over its seeds."""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np

from aejax.figures.output import Arrayed
from aejax.results.rows import Variant, diverged

POINTS = 100  # of a curve; longer ones are averaged over blocks of steps
LAST = "loss"  # comes after the terms that make it up


class Band(NamedTuple):
    """A term of a variant over steps [T]: mean, lowest and highest of `seeds`; and lost curves."""

    variant: Variant
    term: str
    split: str  # "train" or "valid"
    step: np.ndarray
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    seeds: int
    lost: list[tuple[np.ndarray, np.ndarray]]  # (step, value) of diverged members, while finite


def bands_of(variant: Variant, arrays: Arrayed) -> list[Band]:
    """Returns the bands of a variant by term; the loss only where it is not its one term again."""
    members = [(row, arrays[row["id"]]) for row in variant.rows if row["id"] in arrays]
    if not members:
        return []
    keys = [key for key in members[0][1] if key.startswith("curve/")]
    terms = sorted((key.removeprefix("curve/") for key in keys), key=lambda term: term == LAST)
    found = []
    for term, split in itertools.product(terms, ("curve", "valid")):
        if all(f"{split}/{term}" in mapping for _, mapping in members):
            found.append(band_of(variant, term, split, members))
    training = [band for band in found if band.split == "train"]
    if len(training) == 2 and np.allclose(training[0].mean, training[1].mean, equal_nan=True):
        found = [band for band in found if band.term != LAST]
    return found


def band_of(variant: Variant, term: str, split: str, members: list) -> Band:
    """Reduces a variant's curves to mean and range over the seeds that ended well.

    Args:
      variant: whose they are.
      term: a loss term or a metric.
      split: "curve" of training, "valid" of validation, as the arrays' names begin.
      members: (row, arrays) of its seeds.
    """
    step = np.asarray(members[0][1][f"{split}_step"], np.float64)
    kept, lost = [], []
    for row, mapping in members:
        curve = np.asarray(mapping[f"{split}/{term}"], np.float64)
        if diverged(row) or not np.isfinite(curve).all():
            until = (row.get("failed") or {}).get("step", np.inf)
            alive = np.isfinite(curve) & (step <= until)
            lost.append((_thinned(step[alive]), _thinned(curve[alive])))
        else:
            kept.append(_thinned(curve))
    stack = np.stack(kept) if kept else np.full((1, len(_thinned(step))), np.nan)
    return Band(
        variant=variant,
        term=term,
        split={"curve": "train"}.get(split, split),
        step=_thinned(step),
        mean=stack.mean(axis=0),
        low=stack.min(axis=0),
        high=stack.max(axis=0),
        seeds=len(kept),
        lost=lost,
    )


def _thinned(curve: np.ndarray) -> np.ndarray:
    """Returns [T] averaged over blocks, so that at most POINTS are left."""
    if not len(curve):
        return curve
    starts = np.arange(0, len(curve), max(1, -(-len(curve) // POINTS)))
    return np.add.reduceat(curve, starts) / np.diff(starts, append=len(curve))
