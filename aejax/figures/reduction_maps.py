"""Test rows as points of a plane, a panel a method, coloured by class."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np

from aejax.figures.output import Arrayed
from aejax.figures.style import Plot, note, panels, styled
from aejax.figures.tasks import of_task, title
from aejax.results.rows import Row

NAMES = {"autoencoder": "autoencoder", "pca": "PCA", "isomap": "Isomap", "tsne": "t-SNE"}
DIGITS = 10  # classes that are drawn as their numbers


@styled
def draw(rows: list[Row], arrays: Arrayed) -> Plot | None:
    """Draws seed 0 of the rows of the task `reduce`: a line of panels a data set."""
    mine = of_task(rows, "reduce")
    shown = [row for row in mine if row["seed"] == 0 and row["id"] in arrays]
    if not shown:
        return None
    titles = []
    for row in shown:
        same = [r["metrics"] for r in mine if _place(r) == _place(row)]
        said = f"trust {np.mean([m['trustworthiness'] for m in same]):.3f}"
        if "accuracy" in row["metrics"]:
            said += f", k-NN {np.mean([m['accuracy'] for m in same]):.3f}"
        titles.append(f"{title(row['dataset'])}: {NAMES[row['point']['method']]}\n{said}")
    figure, axes = panels(["\n" for _ in titles], 4, 1.7)
    table: list[dict[str, object]] = []
    colours = mpl.colormaps["tab10"]
    for row, text, axis in zip(shown, titles, axes, strict=True):
        axis.set_title(text)
        codes, labels = (np.asarray(arrays[row["id"]][name]) for name in ("codes", "class_of"))
        # The outermost half per cent may lie far away.
        low, high = np.quantile(codes, [0.005, 0.995], axis=0)
        wide = np.maximum(high - low, 1e-9) * 0.06
        axis.set_xlim(low[0] - wide[0], high[0] + wide[0])
        axis.set_ylim(low[1] - wide[1], high[1] + wide[1])
        axis.set(xticks=[], yticks=[])
        kinds = np.unique(labels)
        for i, kind in enumerate(kinds):
            mark = f"${kind}$" if 1 < len(kinds) <= DIGITS and kind < DIGITS else "o"
            held = codes[labels == kind]
            axis.scatter(*held.T, marker=mark, s=9, linewidths=0.2, color=colours(i % 10))
        table.append({"dataset": row["dataset"], **row["point"], **row["metrics"]})
    note(
        figure,
        "Codes of test rows, seed 0, coloured by class; in the titles means over seeds of",
        "trustworthiness (are neighbours on the map neighbours in the data?) and of the accuracy",
        "of five nearest codes. t-SNE is fitted to the rows that it shows, the others are not.",
    )
    return Plot(figure, table)


def _place(row: Row) -> tuple[str, str]:
    return row["dataset"], row["point"]["method"]
