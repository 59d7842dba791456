"""The decoder over the plane of codes. Kingma & Welling 2013, figure 4."""

from __future__ import annotations

import numpy as np

from aejax.figures import greys, tiles
from aejax.figures.output import Arrayed
from aejax.figures.style import Plot, note, panels, styled
from aejax.results.rows import Row


@styled
def draw(rows: list[Row], arrays: Arrayed) -> Plot | None:
    """A mosaic a data set, of the first seed that has one."""
    chosen: dict[str, Row] = {}
    for row in rows:
        if row.get("model") == "vae" and row["id"] in arrays and "manifold" in arrays[row["id"]]:
            chosen.setdefault(str(row["dataset"]), row)
    if not chosen:
        return None
    figure, axes = panels(list(chosen), 2, 3.5, fixed=True)
    table: list[dict[str, object]] = []
    for (name, row), axis in zip(chosen.items(), axes, strict=True):
        images = arrays[row["id"]]["manifold"]
        side = round(len(images) ** 0.5)
        height, width = images.shape[1:]
        sheet = images.reshape(side, side, height, width).transpose(0, 2, 1, 3)
        tiles.show(axis, sheet.reshape(side * height, side * width), greys.GreyScale(0.0, 1.0))
        table += [
            {"data": name, "row": i // side, "column": i % side, "grey": float(np.mean(image))}
            for i, image in enumerate(images)
        ]
    note(figure, "Decoder means over a grid of the unit square through the inverse normal law.")
    return Plot(figure, table)
