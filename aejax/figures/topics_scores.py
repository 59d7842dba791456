"""Coherence and diversity of every topic model, over seeds."""

from __future__ import annotations

from typing import Any

import numpy as np

from aejax.figures.output import Arrayed
from aejax.figures.style import COLOURS, GREY, Plot, note, panels, styled
from aejax.figures.tasks import of_task, title
from aejax.results.rows import Row

NAMES = {
    "prodlda": "ProdLDA",
    "document_autoencoder": "document autoencoder",
    "lda": "LDA",
    "nmf": "NMF",
    "random_words": "random words",
}
HUES = dict(zip(NAMES, (*COLOURS[:4], GREY), strict=True))
METRICS = {
    "npmi": "NPMI of ten words",
    "diversity": "diversity",
    "recovered": "words found",
}


def first_seed(rows: list[Row], arrays: Arrayed) -> tuple[str, int, dict[str, Any]]:
    """Returns the first data set of the task `topics`, its first seed, and arrays by method.

    Methods are in the order of NAMES; none where no row has arrays.
    """
    mine = [row for row in of_task(rows, "topics") if row["id"] in arrays]
    if not mine:
        return "", 0, {}
    dataset, seed = mine[0]["dataset"], min(row["seed"] for row in mine)
    held = {
        row["point"]["method"]: arrays[row["id"]]
        for row in mine
        if row["dataset"] == dataset and row["seed"] == seed
    }
    return dataset, seed, {method: held[method] for method in NAMES if method in held}


@styled
def draw(rows: list[Row], arrays: Arrayed) -> Plot | None:
    """Draws the rows of the task `topics`: a panel a metric and data set."""
    mine = of_task(rows, "topics")
    if not mine:
        return None
    datasets = list(dict.fromkeys(row["dataset"] for row in mine))
    shown = [
        (dataset, metric)
        for dataset in datasets
        for metric in METRICS
        if any(metric in row["metrics"] for row in mine if row["dataset"] == dataset)
    ]
    columns = 2 if len(datasets) == 1 else 3
    figure, axes = panels([f"{title(d)}: {METRICS[m]}" for d, m in shown], columns, 1.5)
    first = set(axes[::columns])  # the others have its labels
    table: list[dict[str, object]] = []
    for axis, (dataset, metric) in zip(axes, shown, strict=True):
        for j, (method, label) in enumerate(NAMES.items()):
            seeds = [
                row["metrics"][metric]
                for row in mine
                if row["dataset"] == dataset and row["point"]["method"] == method
            ]
            if not seeds:
                continue
            mean = float(np.mean(seeds))
            axis.plot(seeds, [j] * len(seeds), "|", color=HUES[method], markersize=9)
            axis.plot(mean, j, "o", color=HUES[method], markersize=4.5)
            table.append({"dataset": dataset, "method": label, metric: mean, "seeds": len(seeds)})
        names = list(NAMES.values()) if axis in first else [""] * len(NAMES)
        axis.set_yticks(range(len(NAMES)), names)
        axis.set_ylim(len(NAMES) - 0.5, -0.5)
        axis.grid(axis="x", linewidth=0.3)
        if metric == "npmi":
            axis.axvline(0, color=GREY, linewidth=0.6)
        else:
            axis.set_xlim(0, 1.04)
    note(
        figure,
        "Dots are means over seeds, bars the seeds. The reference of NPMI: test documents of the",
        "same corpus; 0 where words know nothing of each other, -1 where they never meet.",
        "Diversity: different words of topics' first 25; found: first ten words of known topics.",
        "Every method has the setting with the best product of both on validation documents.",
    )
    return Plot(figure, table)
