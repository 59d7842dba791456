"""How well every recommender ranks, and for users of whom it knows few items or many."""

from __future__ import annotations

import numpy as np

from aejax.figures.output import Arrayed
from aejax.figures.style import COLOURS, Plot, logarithmic, note, panels, styled
from aejax.figures.tasks import of_task, title
from aejax.results.rows import Row

NAMES = {
    "mult_vae": "Mult-VAE",
    "mult_dae": "Mult-DAE",
    "ease": "EASE",
    "item_neighbours": "neighbours of items",
    "popularity": "popularity",
}
MARKS = dict(zip(NAMES, "os^Dv", strict=True))
METRICS = {"ndcg_at_100": "NDCG@100", "recall_at_20": "Recall@20", "recall_at_50": "Recall@50"}


@styled
def draw(rows: list[Row], arrays: Arrayed) -> Plot | None:
    """Draws the rows of the task `recommend`: two panels a data set."""
    mine = of_task(rows, "recommend")
    if not mine:
        return None
    datasets = list(dict.fromkeys(row["dataset"] for row in mine))
    titles = [f"{title(name)}: {what}" for name in datasets for what in ("all users", "by user")]
    figure, axes = panels(titles, 2, 2.5)
    table: list[dict[str, object]] = []
    for i, dataset in enumerate(datasets):
        whole, parts = axes[2 * i], axes[2 * i + 1]
        for j, (method, label) in enumerate(NAMES.items()):
            here = [r for r in mine if r["dataset"] == dataset and r["point"]["method"] == method]
            if not here:
                continue
            style = {"color": COLOURS[j], "marker": MARKS[method], "markersize": 4}
            for place, metric in enumerate(METRICS):
                x = place + 0.14 * (j - 2)
                seeds = [row["metrics"][metric] for row in here]
                mean = float(np.mean(seeds))
                whole.plot([x] * len(seeds), seeds, "_", color=COLOURS[j], markersize=6)
                whole.plot(x, mean, linestyle="none", label=label if not place else None, **style)
                table.append({"dataset": dataset, "method": method, metric: mean})
            shown, found = (
                np.mean([arrays[row["id"]][name] for row in here], axis=0)
                for name in ("quarter_shown", "quarter_ndcg")
            )
            parts.plot(shown, found, linewidth=1, **style)
            table += [
                {"dataset": dataset, "method": method, "shown": a, "ndcg_at_100": b}
                for a, b in zip(shown.tolist(), found.tolist(), strict=True)
            ]
        whole.set_xticks(range(len(METRICS)), list(METRICS.values()))
        whole.set_ylabel("of test users")
        whole.set_ylim(bottom=0)
        parts.set_ylim(bottom=0)
        logarithmic(parts, "x")
        parts.set_xlabel("items that the user shows (quarters of the test users)")
        parts.set_ylabel("NDCG@100")
        for axis in (whole, parts):
            axis.grid(axis="y", linewidth=0.3)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=5, columnspacing=1.2)
    note(
        figure,
        "Marks are means over seeds, dashes the seeds, each with test users of its own; every",
        "method has the setting of its grid that is best on validation users. To be found: a fifth",
        "of what a user likes.",
    )
    return Plot(figure, table)
