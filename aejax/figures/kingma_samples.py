"""Samples of the prior by size of the code. Kingma & Welling 2013, figure 5."""

from __future__ import annotations

import numpy as np

from aejax.figures import greys, tiles
from aejax.figures.output import Arrayed
from aejax.figures.style import Plot, note, panels, styled
from aejax.results.rows import Row

SIZES = (2, 5, 10, 20)


@styled
def draw(rows: list[Row], arrays: Arrayed) -> Plot | None:
    """Means of the decoder at draws of the prior, MNIST, the first seed of each size."""
    chosen: dict[int, Row] = {}
    for row in rows:
        point = row.get("point", {})
        figured = point.get("task") == "bound" and point.get("panel") == "mnist"
        if figured and row.get("model") == "vae" and row["id"] in arrays:
            chosen.setdefault(int(point["latent"]), row)
    shown = {size: chosen[size] for size in SIZES if size in chosen}
    if not shown:
        return None
    figure, axes = panels([f"Nz = {size}" for size in shown], 4, 1.8, fixed=True)
    table: list[dict[str, object]] = []
    for (size, row), axis in zip(shown.items(), axes, strict=True):
        images = greys.pictures(arrays[row["id"]]["drawn"])
        tiles.show(axis, tiles.mosaic(images, 8), greys.GreyScale(0.0, 1.0))
        table += [
            {"nz": size, "sample": i, "grey": float(np.mean(image))}
            for i, image in enumerate(images)
        ]
    note(figure, "Decoder means at draws of the prior.")
    return Plot(figure, table)
