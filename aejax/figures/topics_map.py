"""Documents on a plane by their shares of topics: the largest topics in colour, by name."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from aejax.figures.codes import spread
from aejax.figures.output import Arrayed
from aejax.figures.style import COLOURS, Plot, note, panels, styled
from aejax.figures.tasks import title
from aejax.figures.topics_scores import NAMES, first_seed
from aejax.results.rows import Row

WORDS = 2  # of a topic in the map
REST = "#c8c8c8"  # documents of the topics without a name
LABEL = (0.36, 0.07)  # of a panel: what a name is wide and high


def name_topics(axis: Axes, places: np.ndarray, labels: list[str]) -> None:
    """Writes each label near its place [N, 2], in the colour of its documents."""
    middles = spread(places, axis, LABEL)
    for place, middle, label, colour in zip(places, middles, labels, COLOURS, strict=False):
        axis.plot(*np.stack([place, middle]).T, color=colour, linewidth=0.6, zorder=2)
        x, y = middle
        axis.text(
            x, y, label, fontsize=7, color=colour, ha="center", va="center", weight="bold",
            bbox={"facecolor": "white", "alpha": 0.85, "pad": 0.8, "linewidth": 0},
        )  # fmt: skip


@styled
def draw(rows: list[Row], arrays: Arrayed) -> Plot | None:
    """Draws the first seed of the first data set of the task `topics`, a panel a method."""
    dataset, seed, held = first_seed(rows, arrays)
    methods = [method for method in held if method != "random_words"]
    if not methods:
        return None
    figure, axes = panels([f"{title(dataset)}: {NAMES[m]}" for m in methods], 2, 2.9)
    table: list[dict[str, object]] = []
    for axis, method in zip(axes, methods, strict=True):
        where, topic, words = (held[method][n] for n in ("map", "topic", "top_words"))
        sizes = np.bincount(topic, minlength=len(words))
        named = [t for t in np.argsort(-sizes, kind="stable")[: len(COLOURS)] if sizes[t]]
        colours = dict(zip(named, COLOURS, strict=False))
        rest = ~np.isin(topic, named)
        axis.scatter(*where[rest].T, s=4, color=REST, linewidths=0, zorder=1)
        for t, colour in colours.items():
            axis.scatter(*where[topic == t].T, s=9, color=colour, linewidths=0, zorder=1.5)
        axis.set_xticks([])
        axis.set_yticks([])
        axis.margins(0.18, 0.08)  # names stay inside
        labels = [" ".join(str(word) for word in words[t][:WORDS]) for t in named]
        places = np.array([np.median(where[topic == t], 0) for t in named]).reshape(-1, 2)
        name_topics(axis, places, labels)
        table += [
            {
                "method": NAMES[method],
                "topic": label,
                "documents": int(sizes[t]),
                "x": float(x),
                "y": float(y),
            }
            for t, label, (x, y) in zip(named, labels, places, strict=True)
        ]
    note(
        figure,
        "Each point is a document, placed by t-SNE of its shares of topics. In colour: documents",
        f"whose largest share is one of the {len(COLOURS)} most frequent topics, named by two",
        f"first words near their median; grey: all other topics. Axes have no unit. Seed {seed}.",
    )
    return Plot(figure, table)
