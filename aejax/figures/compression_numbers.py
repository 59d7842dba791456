"""PSNR after so many numbers of a code: an autoencoder beside PCA."""

from __future__ import annotations

import numpy as np

from aejax.figures.output import Arrayed
from aejax.figures.style import COLOURS, Plot, logarithmic, note, panels, styled
from aejax.figures.tasks import of_task, title
from aejax.results.rows import Row

NAMES = {"autoencoder": "autoencoder", "pca": "PCA"}


@styled
def draw(rows: list[Row], arrays: Arrayed) -> Plot | None:
    """A panel a data set, a line a method, the seeds as dashes."""
    mine = of_task(rows, "numbers")
    if not mine:
        return None
    datasets = list(dict.fromkeys(row["dataset"] for row in mine))
    figure, axes = panels([title(name) for name in datasets], 2, 1.9)
    table: list[dict[str, object]] = []
    for dataset, axis in zip(datasets, axes, strict=True):
        for colour, (method, label) in zip(COLOURS, NAMES.items(), strict=False):
            here = [
                row for row in mine if (row["dataset"], row["point"]["method"]) == (dataset, method)
            ]
            sizes = sorted({int(row["point"]["latent"]) for row in here})
            seeds = [
                [r["metrics"]["psnr"] for r in here if r["point"]["latent"] == size]
                for size in sizes
            ]
            mean = [float(np.mean(values)) for values in seeds]
            axis.plot(sizes, mean, "o-", color=colour, markersize=4, linewidth=1, label=label)
            for size, values in zip(sizes, seeds, strict=True):
                axis.plot([size] * len(values), values, "_", color=colour, markersize=8)
            table += [
                {"dataset": dataset, "method": method, "numbers": size, "psnr": value}
                for size, value in zip(sizes, mean, strict=True)
            ]
        if len(sizes) > 1:
            logarithmic(axis, "x")
        axis.set_xticks(sizes, [str(size) for size in sizes])
        axis.minorticks_off()
        axis.set_xlabel("numbers a code")
        axis.grid(linewidth=0.3)
    axes[0].set_ylabel("PSNR, dB")
    axes[0].legend(loc="upper left")
    note(figure, "Codes of float32, without rounding. Dashes are seeds, circles their means.")
    return Plot(figure, table)
