"""Filters of one convolutional layer: without pooling, with it, and with noise on the input."""

from __future__ import annotations

import numpy as np

from aejax.figures import greys, tiles
from aejax.figures.filters import normalised
from aejax.figures.output import Arrayed
from aejax.figures.style import Plot, note, panels, styled
from aejax.figures.tasks import of_task
from aejax.results.rows import Row


@styled
def draw(rows: list[Row], arrays: Arrayed) -> Plot | None:
    """Draws the measured rows of the task `filters`, the first seed of each kind."""
    mine = of_task(rows, "filters")
    shown = {row["point"]["kind"]: row for row in reversed(mine) if row["id"] in arrays}
    if not shown:
        return None
    kinds = sorted(shown)
    figure, axes = panels(kinds, 4, 1.7, fixed=True)
    table: list[dict[str, object]] = []
    for kind, axis in zip(kinds, axes, strict=True):
        canvas = tiles.mosaic(normalised(np.asarray(arrays[shown[kind]["id"]]["filters"])), 4)
        tiles.show(axis, canvas, greys.GreyScale(-1.0, 1.0), cmap="gray")
        table.append({"kind": kind, "seed": shown[kind]["seed"], **shown[kind]["metrics"]})
    note(figure, "Each filter over its largest |weight|.")
    return Plot(figure, table)
