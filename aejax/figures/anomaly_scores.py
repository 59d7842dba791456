"""Scores of normal rows and of anomalies, with the threshold of the wanted false-alarm rate."""

from __future__ import annotations

import numpy as np

from aejax.figures.output import Arrayed
from aejax.figures.style import BLUE, ORANGE, Plot, logarithmic, note, panels, styled
from aejax.figures.tasks import title
from aejax.results.rows import Row

BINS = 30


@styled
def draw(rows: list[Row], arrays: Arrayed) -> Plot | None:
    """Draws seed 0 of the autoencoder: of each data set the easiest and the hardest class."""
    mine = [
        row for row in rows
        if row.get("point", {}).get("task") == "detect"
        and row["point"]["method"] == "autoencoder" and row["seed"] == 0 and row["id"] in arrays
    ]  # fmt: skip
    if not mine:
        return None
    shown: list[Row] = []
    for dataset in dict.fromkeys(row["dataset"] for row in mine):
        here = sorted(
            (row for row in mine if row["dataset"] == dataset), key=lambda r: -r["metrics"]["auroc"]
        )
        shown += [here[0], here[-1]] if len(here) > 1 else here
    names = [f"{title(r['dataset'])}, normal: {r['point']['class']}" for r in shown]
    figure, axes = panels(["\n" for _ in names], 3, 1.2)
    table: list[dict[str, object]] = []
    for row, name, axis in zip(shown, names, axes, strict=True):
        held = arrays[row["id"]]
        kinds = {"normal": BLUE, "anomalous": ORANGE}
        scores = {kind: np.asarray(held[kind], float)[1:-1] for kind in kinds}
        low = max(min(found.min() for found in scores.values()), 1e-9)
        high = max(found.max() for found in scores.values())
        edges = np.geomspace(low, high, BINS + 1)
        for kind, colour in kinds.items():
            share = np.histogram(scores[kind], edges)[0] / len(scores[kind])
            axis.stairs(share, edges, fill=True, color=colour, alpha=0.55, label=kind)
            table += [
                {"dataset": row["dataset"], "class": row["point"]["class"], "kind": kind,
                 "from": float(a), "share": float(s)}
                for a, s in zip(edges[:-1], share, strict=True)
            ]  # fmt: skip
        level = float(held["threshold"])
        if np.isfinite(level):
            axis.axvline(level, color="black", linewidth=0.9, label="threshold")
        logarithmic(axis, "x")
        found = row["metrics"]
        said = f"false alarms {found['false_alarm_rate']:.1%}, found {found['detected']:.1%}"
        axis.set_title(f"{name}\n{said}")
        axis.set_yticks([])
    axes[0].set_ylabel("share of rows")
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=3)
    note(
        figure,
        "Squared reconstruction error of test rows (log scale), seed 0; of several classes the one",
        "with the highest and the one with the lowest AUROC. Threshold: 5 % false alarms by the",
        "validation rows of the normal class.",
    )
    return Plot(figure, table)
