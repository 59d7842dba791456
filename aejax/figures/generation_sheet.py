"""Samples of every model and sampler, and the training images nearest to them."""

from __future__ import annotations

import numpy as np

from aejax.figures import tiles
from aejax.figures.generation_scores import METHODS, SAMPLERS
from aejax.figures.output import Arrayed
from aejax.figures.style import Plot, note, panels, styled
from aejax.figures.tasks import of_task, title
from aejax.results.rows import Row

SHEETS = {"samples": "samples", "nearest": "the nearest training image to each"}


@styled
def draw(rows: list[Row], arrays: Arrayed) -> Plot | None:
    """Two panels a data set; a line of pictures a model and sampler."""
    mine = [row for row in of_task(rows, "generate") if row["seed"] == 0 and row["id"] in arrays]
    if not mine:
        return None
    datasets = list(dict.fromkeys(row["dataset"] for row in mine))
    titles = [f"{title(dataset)}: {said}" for dataset in datasets for said in SHEETS.values()]
    lines = {
        dataset: [
            (f"{METHODS[m]}, {SAMPLERS[s]}".replace("\n", " "), row)
            for m in METHODS
            for s in SAMPLERS
            for row in mine
            if (row["dataset"], row["point"]["method"], row["point"]["sampler"]) == (dataset, m, s)
        ]
        for dataset in datasets
    }
    figure, axes = panels(titles, 2, 0.34 * max(map(len, lines.values())), fixed=True)
    table: list[dict[str, object]] = []
    for i, axis in enumerate(axes):
        dataset, sheet = datasets[i // 2], list(SHEETS)[i % 2]
        shown = [(label, np.asarray(arrays[row["id"]][sheet])) for label, row in lines[dataset]]
        tiles.show_lines(axis, shown, i % 2 == 0)
        if i % 2 == 0:
            table += [
                {"dataset": dataset, "line": label} | row["metrics"]
                for label, row in lines[dataset]
            ]
    note(figure, "The first samples of seed 0, not chosen; nearest by the distance of pixels.")
    return Plot(figure, table)
