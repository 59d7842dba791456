"""Test error of stacks by kind and noise. Vincent et al. 2010, table 3 and figure 11."""

from __future__ import annotations

import numpy as np

from aejax.figures.output import Arrayed
from aejax.figures.style import COLOURS, Plot, note, panels, styled
from aejax.figures.tasks import of_task
from aejax.results.rows import Row

OTHERS = {"rbm": "RBM-3", "mlp": "MLP-3, no pre-training"}


@styled
def draw(rows: list[Row], arrays: Arrayed) -> Plot | None:
    """Draws the measured rows of the task `stack`: error against noise, other kinds as lines."""
    mine = of_task(rows, "stack")
    if not mine:
        return None
    datasets = list(dict.fromkeys(row["dataset"] for row in mine))
    figure, axes = panels([name.replace("_", " ") for name in datasets], 3, 2.3)
    table: list[dict[str, object]] = []
    for dataset, axis in zip(datasets, axes, strict=True):
        groups: dict[tuple[str, float | None], list[Row]] = {}
        for row in mine:
            if row["dataset"] == dataset:
                key = (row["point"]["kind"], row["point"]["noise"])
                groups.setdefault(key, []).append(row)
        means = {
            key: (
                100 * float(np.mean([r["metrics"]["error"] for r in same])),
                100 * float(np.mean([r["metrics"]["half_width"] for r in same])),
            )
            for key, same in groups.items()
        }
        noisy = sorted((n, *means[k, n]) for k, n in means if k == "sdae" and n is not None)
        levels, error, half = np.asarray(noisy).T
        axis.errorbar(
            100 * levels, error, half, marker="o", markersize=3, capsize=2, color=COLOURS[0],
            label="SDAE-3 (at 0: SAE-3)",
        )  # fmt: skip
        for colour, (kind, label) in zip(COLOURS[1:], OTHERS.items(), strict=False):
            if (kind, None) in means:
                level, width = means[kind, None]
                axis.axhline(level, color=colour, label=label)
                axis.axhspan(level - width, level + width, color=colour, alpha=0.2, linewidth=0)
        axis.set(xlabel="masked inputs, %", ylabel="test error, %")
        table += [
            {"dataset": dataset, "kind": k, "noise": n, "error_percent": e, "half_width": h}
            for (k, n), (e, h) in means.items()
        ]
    axes[len(axes) // 2].legend(loc="center", bbox_to_anchor=(0.5, 0.65))
    note(figure, "Means over seeds; bars and bands: 95 % binomial intervals of the test set.")
    return Plot(figure, table)
