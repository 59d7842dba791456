"""Norms, saturation and test error beside the printed ones: Rifai et al. 2011 (ICML), table 1."""

from __future__ import annotations

import numpy as np

from aejax.figures.output import Arrayed
from aejax.figures.style import BLUE, RED, Plot, logarithmic, note, panels, styled
from aejax.figures.tasks import of_task
from aejax.results.rows import Row

# As printed, of MNIST: error in percent, norm in 1e-4 (of what unit is not said), saturated percent
PRINTED = {
    "CAE": (1.14, 0.73, 86.36),
    "DAE-g": (1.18, 0.86, 17.77),
    "RBM": (1.30, 2.50, 78.59),
    "DAE-b": (1.57, 7.87, 68.19),
    "AE+wd": (1.68, 5.00, 12.97),
    "AE": (1.78, 17.5, 49.90),
}
# title, task, metric, its place in PRINTED
PANELS = (
    ("Jacobian: mean squared entry, 1e-4", "geometry", "jacobian_sq_e4", 1),
    ("saturated units, %", "geometry", "saturated_percent", 2),
    ("test error after fine-tuning, %", "tuned", "test_percent", 0),
)


@styled
def draw(rows: list[Row], arrays: Arrayed) -> Plot | None:
    """Draws the tasks `geometry` and `tuned`: a point a seed, the paper's number as a cross."""
    if not of_task(rows, "geometry"):
        return None
    figure, axes = panels([title for title, *_ in PANELS], 3, 2.0)
    kinds, table = list(PRINTED), []
    for axis, (_, task, metric, place) in zip(axes, PANELS, strict=True):
        for y, kind in enumerate(kinds):
            mine = [r for r in of_task(rows, task) if r["point"]["kind"] == kind]
            values = [float(r["metrics"][metric]) for r in mine]
            printed = PRINTED[kind][place]
            axis.plot(printed, y, "x", color=RED, markersize=5, label="the paper")
            axis.plot(
                values, np.full(len(values), y), "o", color=BLUE, markersize=3.5, alpha=0.6,
                label="here, a point a seed",
            )  # fmt: skip
            table += [
                {"kind": kind, "metric": metric, "seed": r["seed"], "ours": v, "paper": printed}
                for r, v in zip(mine, values, strict=True)
            ]
        axis.set_yticks(range(len(kinds)), kinds if axis is axes[0] else [])
        axis.set_ylim(len(kinds) - 0.5, -0.5)
        axis.grid(axis="y", alpha=0.25, linewidth=0.5)
    logarithmic(axes[0], "x")
    axes[1].set_xlim(0, 100)
    axes[2].set_xlim(left=0)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles[:2], labels[:2], loc="outside upper right", ncols=2)
    note(
        figure,
        "The paper does not give the unit of its norms; mean squared entries are of their size.",
        "Rows are in the order of the paper's errors.",
    )
    return Plot(figure, table)
