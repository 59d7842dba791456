"""The first words of each method's topics, the most coherent ones and the least."""

from __future__ import annotations

import numpy as np

from aejax.figures.output import Arrayed
from aejax.figures.style import GREY, Plot, note, panels, styled
from aejax.figures.tasks import title
from aejax.figures.topics_scores import HUES, NAMES, first_seed
from aejax.results.rows import Row

FIRST, LAST = 5, 2  # topics of a method that are shown
WORDS = 10


@styled
def draw(rows: list[Row], arrays: Arrayed) -> Plot | None:
    """Draws the first seed of the first data set of the task `topics`."""
    dataset, seed, held = first_seed(rows, arrays)
    if not held:
        return None
    height = 0.155 * (1 + FIRST + LAST)
    figure, axes = panels([f"{title(dataset)}: {NAMES[m]}" for m in held], 1, height)
    table: list[dict[str, object]] = []
    for axis, method in zip(axes, held, strict=True):
        words, scores = (held[method][name] for name in ("top_words", "topic_npmi"))
        order = np.argsort(-scores, kind="stable")
        shown = list(order[:FIRST]) + list(order[max(FIRST, len(order) - LAST) :])
        axis.set_axis_off()
        axis.set_xlim(0, 1)
        axis.set_ylim(len(shown) + (len(order) > FIRST + LAST) - 0.4, -0.6)
        for i, topic in enumerate(shown):
            y = i + (i >= FIRST and len(order) > FIRST + LAST)
            axis.text(0.0, y, f"{scores[topic]:+.2f}", color=HUES[method], va="center", fontsize=7)
            text = "  ".join(str(word) for word in words[topic][:WORDS])
            axis.text(0.06, y, text, va="center", fontsize=7)
            table.append({"method": NAMES[method], "npmi": float(scores[topic]), "words": text})
        if len(order) > FIRST + LAST:
            axis.text(0.06, FIRST, "…", va="center", fontsize=7, color=GREY)
    note(
        figure,
        f"The first {WORDS} words of topics, with their NPMI on test documents: the {FIRST} most",
        f"coherent topics of each method and the {LAST} least. Seed {seed}.",
    )
    return Plot(figure, table)
