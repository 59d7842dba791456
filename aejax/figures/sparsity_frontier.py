"""Error against active units for several kinds of dictionary; what of them is dead, or shrunk."""

from __future__ import annotations

import numpy as np

from aejax.figures.output import Arrayed
from aejax.figures.style import COLOURS, Plot, logarithmic, note, panels, styled
from aejax.figures.tasks import of_task
from aejax.results.rows import Row

NAMES = {
    ("dictionary_l1", 0): "ReLU with L1",
    ("topk", 1): "TopK with AuxK",
    ("topk", 0): "TopK without AuxK",
    ("topk", 5): "TopK, five times AuxK",
    ("batch_topk", 1): "BatchTopK",
    ("jump_relu", 0): "JumpReLU",
}
PANELS = {
    "nmse": "error over variance",
    "scale": "best scale of reconstructions",
    "dead_fraction": "fraction of units dead",
}


@styled
def draw(rows: list[Row], arrays: Arrayed) -> Plot | None:
    """Draws the measured rows of the task `dictionary`: a line a kind, a dot a member."""
    mine = of_task(rows, "dictionary")
    if not mine:
        return None
    figure, axes = panels(list(PANELS.values()), 3, 2.3)
    table: list[dict[str, object]] = []
    for colour, ((model, auxk), name) in zip(COLOURS, NAMES.items(), strict=False):
        kind = [r for r in mine if (r["model"], r["point"]["auxk"]) == (model, auxk)]
        if not kind:  # a scale may leave one out
            continue
        lines: dict[tuple, list[Row]] = {}
        for row in kind:
            setting = tuple(row["point"].get(each) for each in ("k", "w_l1", "w_l0"))
            lines.setdefault(setting, []).append(row)
        for metric, axis in zip(PANELS, axes, strict=True):
            at = np.asarray([np.mean([r["metrics"]["active"] for r in v]) for v in lines.values()])
            mean = np.asarray([np.mean([r["metrics"][metric] for r in v]) for v in lines.values()])
            order = np.argsort(at)
            style = {("topk", 0): "--", ("topk", 5): "s"}.get((model, auxk), "-")
            axis.plot(at[order], mean[order], style, color=colour, label=name, markersize=4)
            axis.plot(
                [r["metrics"]["active"] for r in kind],
                [r["metrics"][metric] for r in kind],
                ".", color=colour, markersize=3,
            )  # fmt: skip
        table += [{"model": model, "auxk": auxk, "seed": r["seed"], **r["metrics"]} for r in kind]
    for axis in axes:
        axis.set_xlabel("active units an example (L0)")
        logarithmic(axis, "x")
    logarithmic(axes[0], "y")
    axes[1].axhline(1.0, color="black", linewidth=0.6, linestyle=":")
    axes[2].set_ylim(-0.02, 1.02)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=3)
    note(figure, "Dots: seeds.", "Planted features: 512 in 64 dimensions, four active on average.")
    return Plot(figure, table)
