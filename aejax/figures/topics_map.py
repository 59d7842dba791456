"""Documents on a plane by their shares of topics: the largest topics in colour, by name."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from aejax.figures.output import Arrayed
from aejax.figures.style import COLOURS, Plot, note, panels, styled
from aejax.figures.tasks import title
from aejax.figures.topics_scores import NAMES, first_seed
from aejax.results.rows import Row

WORDS = 2  # of a topic in the map
REST = "#c8c8c8"  # documents of the topics without a name
# Of a panel: what a label is wide and high at most, and how far from the edge its middle stays.
WIDE, HIGH, INSIDE = 0.36, 0.055, 0.17


def apart(at: np.ndarray) -> np.ndarray:
    """Returns middles of labels [N, 2], in shares of the panel, that cover each other nowhere.

    From below upwards, each is lifted until it is clear of those placed before; what leaves the
    panel at the top pushes its neighbours down again.
    """
    placed = np.clip(at, [INSIDE, HIGH], [1 - INSIDE, 1 - HIGH / 2])
    for ascending in (True, False):
        order = np.argsort(placed[:, 1] * (1 if ascending else -1), kind="stable")
        for n, i in enumerate(order):
            for j in order[:n]:
                near = abs(placed[i, 0] - placed[j, 0]) < WIDE
                if near and abs(placed[i, 1] - placed[j, 1]) < HIGH:
                    placed[i, 1] = placed[j, 1] + (HIGH if ascending else -HIGH)
        placed[:, 1] = np.minimum(placed[:, 1], 1 - HIGH / 2)
    return placed


def name_topics(axis: Axes, places: np.ndarray, labels: list[str]) -> None:
    """Writes each label beside its place [N, 2], in the colour of its documents."""
    low, high = np.array([axis.get_xlim(), axis.get_ylim()]).T
    middles = low + apart((places - low) / (high - low)) * (high - low)
    for place, middle, label, colour in zip(places, middles, labels, COLOURS, strict=False):
        if np.abs((middle - place) / (high - low)).max() > HIGH / 2:
            axis.plot(*np.stack([place, middle]).T, color=colour, linewidth=0.6, zorder=2)
        axis.text(
            *middle, label, fontsize=7, color=colour, ha="center", va="center", weight="bold",
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
        axis.margins(0.08)
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
