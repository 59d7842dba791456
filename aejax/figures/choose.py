"""Which members a figure of pictures shows: one a variant, or one a model if there are many."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from aejax.figures.output import Arrayed
from aejax.results.rows import Row, Variant, best, selectable, variants


class Shown(NamedTuple):
    """A member that stands for its variant."""

    label: str
    variant: Variant
    row: Row
    arrays: Mapping[str, np.ndarray]

    def columns(self) -> dict[str, object]:
        """Returns the columns with which each line of a figure's CSV begins."""
        return {
            "model": self.variant.model,
            "variant": self.label,
            "id": self.row["id"],
            "seed": self.row["seed"],
        }


def choose(rows: list[Row], arrays: Arrayed, key: str, most: int) -> tuple[list[Shown], str]:
    """Chooses the member with the lowest validation error of each variant that has finite `key`.

    Where there are no validation rows, it is the first by seed.

    Args:
      rows: rows of the sweep.
      arrays: member id -> its arrays.
      key: the array that the figure is about.
      most: with more variants than this, only the best of each model is shown.

    Returns:
      The members, and a sentence for the figure's small print: how they were chosen and which
      variants are missing because all their seeds diverged.
    """
    shown, lost = [], []
    for variant in variants(rows):
        having = [r for r in variant.rows if r["id"] in arrays and key in arrays[r["id"]]]
        usable = [r for r in having if np.isfinite(arrays[r["id"]][key]).all()]
        row = best(usable)
        if row is not None:
            shown.append(Shown(variant.label, variant, row, arrays[row["id"]]))
        elif having:
            lost.append(variant.label)
    unit = "variant"
    if len(shown) > most:
        unit = "model"
        by_model = itertools.groupby(shown, key=lambda each: each.variant.model)
        shown = [_best_of(list(group)) for _, group in by_model]
    sentence = f"One member per {unit}: {_chosen_by(shown)}."
    if lost:
        sentence += f" Not shown, for all their seeds diverged: {'; '.join(lost)}."
    return shown, sentence


def _chosen_by(shown: list[Shown]) -> str:
    """Says what decided; a sweep over `valid_fraction` may have both."""
    chosen = [selectable(each.row) for each in shown]
    if all(chosen):
        return "the one with the lowest validation error"
    if any(chosen):
        return "the one with the lowest validation error, or the first by seed where it has none"
    return "the first by seed, for there are no validation rows to choose by"


def _best_of(group: list[Shown]) -> Shown:
    winner = best(each.row for each in group)
    return next(each for each in group if each.row is winner)
