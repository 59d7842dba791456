"""Before and after: images with a hole, and what every filler puts there."""

from __future__ import annotations

import numpy as np

from aejax.figures import tiles
from aejax.figures.inpainting_psnr import NAMES, places
from aejax.figures.output import Arrayed
from aejax.figures.style import Plot, note, panels, styled
from aejax.figures.tasks import of_task, title
from aejax.results.rows import Row

HOLE = 0.55  # the grey that is shown where nothing is known


@styled
def draw(rows: list[Row], arrays: Arrayed) -> Plot | None:
    """A panel a data set and kind of hole; a line of pictures a method, the image itself last."""
    mine = [row for row in of_task(rows, "fill") if row["seed"] == 0 and row["id"] in arrays]
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
        tiles.show_lines(axis, list(lines.items()), i % 2 == 0)
        table += [
            {"dataset": dataset, "hole": hole, "method": m, **row["metrics"]}
            for m, row in by_method.items()
        ]
    note(figure, "The first test images, the holes of seed 0; grey from 0 to 1.")
    return Plot(figure, table)
