"""Error of a linear classifier against the number of labels, for every kind of features."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, NullLocator

from aejax.figures.output import Arrayed
from aejax.figures.style import COLOURS, GREY, Plot, logarithmic, note, panels, styled
from aejax.figures.tasks import of_task, title
from aejax.results.rows import Row

BASELINES = {
    "raw": "raw numbers",
    "pca": "PCA",
    "random_features": "random features",
    "supervised": "supervised network",
}
CHOSEN = "best autoencoder"
KINDS = {
    "undercomplete": "undercomplete",
    "denoising": "denoising",
    "contractive": "contractive",
    "sparse_kl": "sparse (KL)",
    "k_sparse": "k-sparse",
    "winner_take_all": "winner-take-all",
    "vae": "variational",
}
MARKS = "osD^vPX"
PERCENT = (0.5, 1, 2, 3, 5, 10, 20, 30, 50)  # ticks


def _line(axis: Axes, rows: list[Row], label: str, i: int, colour: str) -> list[dict[str, object]]:
    """Draws the means over seeds, with the seeds as points, in percent; returns the numbers."""
    found: dict[int, list[float]] = {}
    for row in rows:
        found.setdefault(row["point"]["labels"], []).append(100 * row["metrics"]["error"])
    counts = sorted(found)
    means = [float(np.mean(found[count])) for count in counts]
    first = label == CHOSEN
    axis.plot(
        counts, means, color=colour, marker=MARKS[i], markersize=3.5, label=label,
        linewidth=1.8 if first else 1.0, zorder=3 if first else 2,
    )  # fmt: skip
    for count in counts:
        axis.scatter([count] * len(found[count]), found[count], s=3, color=colour, alpha=0.5)
    return [
        {"features": label, "labels": count, "error": mean, "seeds": len(found[count])}
        for count, mean in zip(counts, means, strict=True)
    ]


@styled
def draw(rows: list[Row], arrays: Arrayed) -> Plot | None:
    """A row of panels a data set: the best autoencoder among baselines, and its kinds."""
    mine = of_task(rows, "features", "choose")
    datasets = list(dict.fromkeys(row["dataset"] for row in mine))
    if not mine:
        return None
    titles = [f"{title(d)}: {of}" for d in datasets for of in ("beside baselines", "by kind")]
    figure, axes = panels(titles, 2, 2.6)
    table: list[dict[str, object]] = []
    for i, axis in enumerate(axes):
        dataset = datasets[i // 2]
        here = [row for row in mine if row["dataset"] == dataset]
        of = lambda method, here=here: [r for r in here if r["point"]["method"] == method]
        lines = {CHOSEN: "autoencoder"} | {label: method for method, label in BASELINES.items()}
        if i % 2:
            lines = {label: method for method, label in KINDS.items()}
            _line(axis, of("raw"), "raw numbers", 0, GREY)
        for j, (label, method) in enumerate(lines.items()):
            if of(method):
                table += [
                    {"dataset": dataset} | r for r in _line(axis, of(method), label, j, COLOURS[j])
                ]
        logarithmic(axis, "x")
        logarithmic(axis, "y")
        axis.yaxis.set_major_locator(FixedLocator(PERCENT))
        axis.yaxis.set_minor_locator(NullLocator())
        axis.xaxis.set_major_locator(FixedLocator(sorted({r["point"]["labels"] for r in here})))
        axis.xaxis.set_minor_locator(NullLocator())
        axis.grid(axis="y", linewidth=0.3)
        axis.set_xlabel("labelled rows a class")
        axis.legend(loc="lower left", fontsize=6.5)
        if i % 2:
            axis.sharey(axes[i - 1])
            axis.autoscale()
        else:
            axis.set_ylabel("test error, %")
    note(
        figure,
        "Lines: means over seeds (small points). Features see all training rows without labels.",
        "Settings, and the kind of the best autoencoder, have the lowest validation error.",
    )
    return Plot(figure, table)
