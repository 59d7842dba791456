"""PSNR in the hole of every filler, the seeds as points."""

from __future__ import annotations

import numpy as np

from aejax.figures.output import Arrayed
from aejax.figures.style import COLOURS, GREY, Plot, note, panels, styled
from aejax.figures.tasks import of_task, title
from aejax.results.rows import Row

NAMES = {
    "context_encoder": "context encoder",
    "context_encoder_adversarial": "with adversary",
    "nearest_neighbour": "nearest images",
    "biharmonic": "biharmonic",
    "mean_image": "mean image",
    "mean_fill": "mean of the visible",
}


def places(rows: list[Row]) -> dict[tuple[str, str], list[Row]]:
    """Returns the rows by data set and kind of hole, in their order."""
    found: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        found.setdefault((row["dataset"], row["point"]["hole"]), []).append(row)
    return found


@styled
def draw(rows: list[Row], arrays: Arrayed) -> Plot | None:
    """A panel a data set and kind of hole, a line a method."""
    shown = places(of_task(rows, "fill"))
    if not shown:
        return None
    titles = [f"{title(dataset)}, {hole.replace('_', ' ')}" for dataset, hole in shown]
    figure, axes = panels(titles, 2, 1.3)
    table: list[dict[str, object]] = []
    for i, (((dataset, hole), here), axis) in enumerate(zip(shown.items(), axes, strict=True)):
        methods = [m for m in NAMES if any(row["point"]["method"] == m for row in here)]
        for y, method in enumerate(methods):
            mine = [row for row in here if row["point"]["method"] == method]
            values = [row["metrics"]["psnr"] for row in mine]
            ours = method.startswith("context_encoder")
            colour = COLOURS[0] if ours else GREY
            axis.plot(values, [y] * len(values), "|", color=colour, markersize=9)
            axis.plot(np.mean(values), y, "o", color=colour, markersize=4)
            table += [
                {"dataset": dataset, "hole": hole, "method": method, "seed": row["seed"],
                 "setting": row["point"].get("setting", ""), **row["metrics"]}
                for row in mine
            ]  # fmt: skip
        axis.set_yticks(range(len(methods)), [NAMES[m] for m in methods] if i % 2 == 0 else [])
        axis.set_ylim(len(methods) - 0.5, -0.5)
        axis.grid(axis="x", linewidth=0.3)
        if i >= len(titles) - 2:
            axis.set_xlabel("PSNR in the hole, dB")
    note(
        figure,
        "Dots are means over test images and seeds, dashes the seeds; blue is ours. Every method",
        "has the setting of its grid with the highest PSNR on validation images.",
    )
    return Plot(figure, table)
