"""Filters of k-sparse autoencoders by k: strokes for a large k, whole digits for a small one."""

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
    """Draws the measured rows of the task `units`, first seed, largest k first (their figure 1)."""
    mine = of_task(rows, "units")
    shown = {
        (-row["point"]["k"], not row["point"]["schedule"]): row
        for row in reversed(mine)
        if row["id"] in arrays
    }
    if not shown:
        return None
    chosen = [shown[key] for key in sorted(shown)]
    titles = [
        f"k = {row['point']['k']}" + ("" if row["point"]["schedule"] else ", no schedule")
        for row in chosen
    ]
    figure, axes = panels(titles, 3, 1.25, fixed=True)
    table: list[dict[str, object]] = []
    for row, axis in zip(chosen, axes, strict=True):
        canvas = tiles.mosaic(normalised(np.asarray(arrays[row["id"]]["filters"][:32])), 8)
        tiles.show(axis, canvas, greys.GreyScale(-1.0, 1.0), cmap="RdBu_r")
        table.append({**row["point"], "seed": row["seed"], **row["metrics"]})
    note(figure, "Filters of units that are not dead, each over its largest |weight|.")
    return Plot(figure, table)
