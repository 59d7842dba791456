"""AUROC of every method for every normal class, beside Ruff et al. 2018."""

from __future__ import annotations

import numpy as np

from aejax.figures.output import Arrayed
from aejax.figures.style import COLOURS, GREY, Plot, note, panels, styled
from aejax.figures.tasks import of_task, title
from aejax.results.rows import Row

# Ruff et al. 2018, table 1: means over the ten digits.
PRINTED = {"Ruff's DCAE": (0.897, "_"), "Ruff's Deep SVDD": (0.948, "x")}
DIGITS = 10
NAMES = {
    "autoencoder": "autoencoder",
    "pca_error": "PCA error",
    "isolation_forest": "isolation forest",
    "one_class_svm": "one-class SVM",
    "nearest_neighbour": "nearest neighbours",
}
MARKS = dict(zip(NAMES, "o^sDv", strict=True))


@styled
def draw(rows: list[Row], arrays: Arrayed) -> Plot | None:
    """Draws the rows of the task `detect`: a panel a data set, a mark a method and class."""
    mine = of_task(rows, "detect")
    if not mine:
        return None
    datasets = list(dict.fromkeys(row["dataset"] for row in mine))
    figure, axes = panels([title(name) for name in datasets], 3, 2.5)
    table: list[dict[str, object]] = []
    for dataset, axis in zip(datasets, axes, strict=True):
        here = [row for row in mine if row["dataset"] == dataset]
        classes = sorted({row["point"]["class"] for row in here})
        places = [str(c) for c in classes] if len(classes) > 1 else []
        for i, (method, label) in enumerate(NAMES.items()):
            values = {
                c: [r["metrics"]["auroc"] for r in here if _is(r, method, c)] for c in classes
            }
            values = {c: found for c, found in values.items() if found}
            if not values:
                continue
            means = [float(np.mean(found)) for found in values.values()]
            every = [*range(len(means))] if places else []
            shift = 0.13 * (i - 2)
            x = [*(np.asarray(every) + shift), len(every) + 0.6 + shift]
            y = [*(means if places else []), float(np.mean(means))]
            axis.plot(
                x, y, MARKS[method], color=COLOURS[i], markersize=4 if i == 0 else 3,
                label=label, zorder=5 - i,
            )  # fmt: skip
            if not places:  # one class: its seeds
                seeds = next(iter(values.values()))
                axis.plot([0.6 + shift] * len(seeds), seeds, "_", color=COLOURS[i], markersize=6)
            table += [
                {"dataset": dataset, "method": method, "class": c, "auroc": m}
                for c, m in zip(values, means, strict=True)
            ]
        if dataset == "mnist" and len(classes) == DIGITS:
            for label, (mean, mark) in PRINTED.items():
                axis.plot(DIGITS + 1.3, mean, mark, color=GREY, markersize=6, label=label)
        axis.set_xticks([*range(len(places)), len(places) + 0.6], [*places, "mean"])
        axis.set_xlabel("normal class" if places else "")
        axis.grid(axis="y", linewidth=0.3)
    axes[0].set_ylabel("AUROC on the test rows")
    handles, labels = axes[-1].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=4, columnspacing=1.2)
    note(
        figure,
        "Means over seeds (one class alone: dashes are the seeds); every method has the setting of",
        "its grid that is best on validation rows.",
        "Grey: means that Ruff et al. 2018 print in table 1, trained on all of MNIST."
        if "mnist" in datasets
        else "",
    )
    return Plot(figure, table)


def _is(row: Row, method: str, normal: int) -> bool:
    return row["point"]["method"] == method and row["point"]["class"] == normal
