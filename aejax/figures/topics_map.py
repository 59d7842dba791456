"""Documents on a plane by their shares of topics, coloured by the largest one."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np

from aejax.figures.output import Arrayed
from aejax.figures.style import Plot, note, panels, styled
from aejax.figures.tasks import title
from aejax.figures.topics_scores import NAMES, first_seed
from aejax.results.rows import Row

NAMED = 8  # topics whose first words stand in the map
WORDS = 2


@styled
def draw(rows: list[Row], arrays: Arrayed) -> Plot | None:
    """Draws the first seed of the first data set of the task `topics`, a panel a method."""
    dataset, seed, held = first_seed(rows, arrays)
    methods = [method for method in held if method != "random_words"]
    if not methods:
        return None
    figure, axes = panels([f"{title(dataset)}: {NAMES[m]}" for m in methods], 2, 2.9)
    table: list[dict[str, object]] = []
    colours = mpl.colormaps["tab20"]
    for axis, method in zip(axes, methods, strict=True):
        where, topic, words = (held[method][n] for n in ("map", "topic", "top_words"))
        axis.scatter(*where.T, s=5, color=[colours(int(t) % 20) for t in topic], linewidths=0)
        axis.set_xticks([])
        axis.set_yticks([])
        sizes = np.bincount(topic, minlength=len(words))
        for t in np.argsort(-sizes, kind="stable")[:NAMED]:
            if not sizes[t]:
                continue
            label = " ".join(str(word) for word in words[t][:WORDS])
            x, y = np.median(where[topic == t], 0)
            axis.text(
                x, y, label, fontsize=7, ha="center", va="center",
                bbox={"facecolor": "white", "alpha": 0.75, "pad": 0.8, "linewidth": 0},
            )  # fmt: skip
            row = {"method": NAMES[method], "topic": label, "documents": int(sizes[t])}
            table.append({**row, "x": float(x), "y": float(y)})
    note(
        figure,
        "Each point is a document, placed by t-SNE of its shares of topics and coloured by the",
        f"largest; the two first words of the {NAMED} topics with most documents stand at their",
        f"median. Axes have no unit. Seed {seed}.",
    )
    return Plot(figure, table)
