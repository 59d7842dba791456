"""The loss of a linear autoencoder with one unit over its two weights, and descents on it.

Kunin et al. 2019, their figure of landscapes: a curve of minima without a penalty, two points with
L2 on both sides.
"""

from __future__ import annotations

import numpy as np
from matplotlib.colors import LogNorm

from aejax.figures.output import Arrayed
from aejax.figures.style import RED, Plot, note, panels, styled
from aejax.figures.tasks import of_task
from aejax.results.rows import Row

TITLES = {"linear": "no penalty", "linear_l2": "L2 on both weights"}


@styled
def draw(rows: list[Row], arrays: Arrayed) -> Plot | None:
    """Draws the measured rows of the task `landscape`, the first seed of each model."""
    mine = of_task(rows, "landscape")
    shown = {row["model"]: row for row in reversed(mine) if row["id"] in arrays}
    chosen = [shown[model] for model in TITLES if model in shown]
    if not chosen:
        return None
    figure, axes = panels([TITLES[row["model"]] for row in chosen], 2, 3.7)
    table: list[dict[str, object]] = []
    for row, axis in zip(chosen, axes, strict=True):
        mine = arrays[row["id"]]
        line, surface, paths = mine["axis"], mine["surface"], mine["paths"]
        floor = surface - surface.min() + 1e-3
        axis.contourf(
            line, line, floor, levels=np.geomspace(1e-3, floor.max(), 24), cmap="viridis",
            norm=LogNorm(1e-3, floor.max()),
        )  # fmt: skip
        for path in paths:
            axis.plot(path[:, 0], path[:, 1], color="white", linewidth=0.6, alpha=0.8)
        axis.plot(paths[:, -1, 0], paths[:, -1, 1], "o", color=RED, markersize=4)
        axis.set(xlabel="encoder w1", ylabel="decoder w2", aspect="equal")
        axis.set(xlim=(line[0], line[-1]), ylim=(line[0], line[-1]))
        for start, path in enumerate(paths):
            table.append(
                {"model": row["model"], "start": start, "w1": path[-1, 0], "w2": path[-1, 1]}
            )
    note(
        figure,
        "Data of variance one. Shading: loss, darker is lower, on a logarithmic scale. White:",
        "gradient descent from random starts. Red: where it ends.",
    )
    return Plot(figure, table)
