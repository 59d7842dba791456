"""Precision against recall as the Hamming ball grows, and the ranking's quality by bits."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, NullLocator

from aejax.figures.output import Arrayed
from aejax.figures.style import COLOURS, GREY, Plot, logarithmic, note, panels, styled
from aejax.figures.tasks import of_task, title
from aejax.results.rows import Row

NAMES = {
    "gumbel_vae": "Bernoulli VAE",
    "fsq": "signs, straight through",
    "undercomplete": "undercomplete",
    "deep_rbm": "stack of RBMs",
    "itq": "PCA, rotated (ITQ)",
    "pca": "PCA",
    "random_hyperplanes": "random planes (LSH)",
}
MARKS = dict(zip(NAMES, "os^Dv<P", strict=True))
COLOUR = dict(zip(NAMES, COLOURS, strict=True))
OURS = ("gumbel_vae", "fsq", "undercomplete", "deep_rbm")
REFERENCE = "cosine of the rows"
SCORES = {"map": "mean average precision", "precision_at_100": "P@100"}


def _curves(axis: Axes, rows: list[Row], arrays: Arrayed) -> list[dict[str, object]]:
    """Draws precision against recall by radius, a line a method, the mean over seeds."""
    table: list[dict[str, object]] = []
    for method, label in NAMES.items():
        mine = [r for r in rows if r["point"]["method"] == method and r["id"] in arrays]
        if not mine:
            continue
        # A ball that is empty for all queries has no precision.
        precision, recall = (
            np.mean([np.asarray(arrays[row["id"]][name], float) for row in mine], axis=0)
            for name in ("precision", "recall")
        )
        axis.plot(
            recall, precision, color=COLOUR[method], marker=MARKS[method], markersize=2.2,
            linewidth=1.0, linestyle="-" if method in OURS else "--", label=label,
        )  # fmt: skip
        table += [
            {"bits": mine[0]["point"]["bits"], "method": method, "radius": r, "precision": p,
             "recall": q}
            for r, (p, q) in enumerate(zip(precision.tolist(), recall.tolist(), strict=True))
        ]  # fmt: skip
    axis.set_xlim(-0.02, 1.02)
    axis.set_ylim(0, 1.02)
    axis.grid(linewidth=0.3)
    axis.set_xlabel("recall")
    return table


def _levels(
    axis: Axes, rows: list[Row], reference: list[Row], metric: str, bits: Sequence[int]
) -> list[dict[str, object]]:
    """Draws a score against the number of bits, the seeds as points."""
    table: list[dict[str, object]] = []
    for method in NAMES:
        found = {
            count: [
                row["metrics"][metric]
                for row in rows
                if (row["point"]["method"], row["point"]["bits"]) == (method, count)
            ]
            for count in bits
        }
        found = {count: values for count, values in found.items() if values}
        means = [float(np.mean(values)) for values in found.values()]
        axis.plot(
            list(found), means, color=COLOUR[method], marker=MARKS[method], markersize=3.5,
            linewidth=1.0, linestyle="-" if method in OURS else "--",
        )  # fmt: skip
        for count, values in found.items():
            axis.scatter([count] * len(values), values, s=3, color=COLOUR[method], alpha=0.5)
            table.append({"bits": count, "method": method, metric: float(np.mean(values))})
    if reference:
        level = float(np.mean([row["metrics"][metric] for row in reference]))
        axis.axhline(level, color=GREY, linewidth=1.0, linestyle=":", label=REFERENCE)
        table.append({"method": "cosine", metric: level})
    logarithmic(axis, "x")
    axis.xaxis.set_major_locator(FixedLocator(list(bits)))
    axis.xaxis.set_minor_locator(NullLocator())
    axis.set_ylim(bottom=0)
    axis.grid(axis="y", linewidth=0.3)
    axis.set_xlabel("bits")
    axis.set_ylabel(SCORES[metric])
    return table


@styled
def draw(rows: list[Row], arrays: Arrayed) -> Plot | None:
    """A panel a number of bits and a panel a score, for each data set."""
    mine = of_task(rows, "retrieve")
    if not mine:
        return None
    datasets = list(dict.fromkeys(row["dataset"] for row in mine))
    bits = sorted({row["point"]["bits"] for row in mine})
    titles = [
        f"{title(dataset)}: {said}"
        for dataset in datasets
        for said in (
            *(f"{count} bits" for count in bits),
            *(f"{s} by bits" for s in SCORES.values()),
        )
    ]
    columns = 3 if len(bits) > 1 else 2
    figure, axes = panels(titles, columns, 1.9)
    table: list[dict[str, object]] = []
    places = iter(axes)
    for dataset in datasets:
        here = [row for row in mine if row["dataset"] == dataset]
        reference = [row for row in of_task(rows, "refer") if row["dataset"] == dataset]
        for count in bits:
            axis = next(places)
            at = [row for row in here if row["point"]["bits"] == count]
            axis.set_ylabel("precision")
            table += [{"dataset": dataset} | r for r in _curves(axis, at, arrays)]
        for metric in SCORES:
            found = _levels(next(places), here, reference, metric, bits)
            table += [{"dataset": dataset} | r for r in found]
    handles, labels = axes[0].get_legend_handles_labels()
    more = axes[-1].get_legend_handles_labels()
    figure.legend(
        handles + more[0], labels + more[1], loc="outside upper center", ncols=4, columnspacing=1.2
    )
    note(
        figure,
        "Curves: what lies within Hamming distance 0, 1, 2, ... of the queries' codes (marks), all",
        "queries together, means over seeds; dashed without an autoencoder. Small points: seeds.",
        "Every method has the setting of its grid that is best for validation queries.",
    )
    return Plot(figure, table)
