"""Before and after: images with a hole, and what every filler puts there."""

from __future__ import annotations

import numpy as np

from aejax.figures import greys, tiles
from aejax.figures.anomaly_auroc import title
from aejax.figures.inpainting_psnr import NAMES, of_task, places
from aejax.figures.output import Arrayed
from aejax.figures.style import Plot, note, panels, styled
from aejax.results.rows import Row

HOLE = 0.55  # the grey that is shown where nothing is known


@styled
def draw(rows: list[Row], arrays: Arrayed) -> Plot | None:
    """A panel a data set and kind of hole; a line of pictures a method, the image itself last."""
    mine = [row for row in of_task(rows) if row["seed"] == 0 and row["id"] in arrays]
    shown = places(mine)
    if not shown:
        return None
    titles = [f"{title(dataset)}, {hole.replace('_', ' ')}" for dataset, hole in shown]
    count = max(len(found) for found in shown.values()) + 2
    figure, axes = panels(titles, 2, 0.36 * count, fixed=True)
    table: list[dict[str, object]] = []
    for i, (((dataset, hole), found), axis) in enumerate(zip(shown.items(), axes, strict=True)):
        by_method = {row["point"]["method"]: row for row in found}
        some = arrays[found[0]["id"]]
        clean, hidden = np.asarray(some["clean"]), np.asarray(some["hidden"])[..., None]
        lines = {"given": np.where(hidden, HOLE, clean)}
        for method, label in NAMES.items():
            if method in by_method:
                lines[label] = arrays[by_method[method]["id"]]["filled"]
        lines["the image"] = clean
        strips = [tiles.mosaic(greys.pictures(np.asarray(x)), len(x)) for x in lines.values()]
        gap = np.full((2, *strips[0].shape[1:]), np.nan if strips[0].ndim == 2 else 0.0)
        canvas = np.concatenate([part for strip in strips for part in (strip, gap)][:-1])
        tiles.show(axis, canvas, tiles.GreyScale(0.0, 1.0), interpolation="nearest")
        if i % 2 == 0:
            high = strips[0].shape[0] + 2
            axis.set_yticks([high * n + high / 2 - 1 for n in range(len(lines))], list(lines))
            axis.tick_params(axis="y", length=0)
        table += [
            {"dataset": dataset, "hole": hole, "method": m, **row["metrics"]}
            for m, row in by_method.items()
        ]
    note(figure, "The first test images, the holes of seed 0; grey from 0 to 1.")
    return Plot(figure, table)
