"""Codes of two numbers beside the first two principal components, coloured by digit.

Hinton & Salakhutdinov 2006, figure 3: 500 digits of each class.
"""

from __future__ import annotations

import matplotlib as mpl
import numpy as np

from aejax.figures.codes import spread
from aejax.figures.output import Arrayed
from aejax.figures.style import Plot, note, panels, styled
from aejax.results.rows import Row

EACH = 500  # digits of a class


@styled
def draw(rows: list[Row], arrays: Arrayed) -> Plot | None:
    """Draws the measured rows of `components` and of `deep` with a code of two, its first seed."""
    with_codes = [row for row in rows if row["id"] in arrays and "codes" in arrays[row["id"]]]
    task = lambda name: [r for r in with_codes if r.get("point", {}).get("task") == name]
    chosen = [*task("components")[:1], *task("deep")[:1]]
    if not chosen:
        return None
    names = {"components": "first two principal components", "deep": "2-D code of the autoencoder"}
    titles = [
        f"{names[row['point']['task']]}: {row['metrics']['accuracy']:.0%} by neighbours"
        for row in chosen
    ]
    figure, axes = panels(titles, 2, 3.3)
    colours, table = mpl.colormaps["tab10"], []
    for row, axis in zip(chosen, axes, strict=True):
        codes, labels = arrays[row["id"]]["codes"], arrays[row["id"]]["digits"]
        digits = [int(digit) for digit in np.unique(labels)]
        drawn = {digit: codes[labels == digit][:EACH] for digit in digits}
        for digit, mine in drawn.items():
            axis.plot(*mine.T, ".", color=colours(digit), markersize=1.5, alpha=0.6)
            table += [
                {"code": row["point"]["task"], "digit": digit, "first": a, "second": b}
                for a, b in mine
            ]
        centres = np.array([np.median(mine, axis=0) for mine in drawn.values()])
        for digit, at, place in zip(digits, centres, spread(centres, axis), strict=True):
            axis.annotate(
                str(digit), at, place, fontsize=8, ha="center", va="center",
                bbox={"boxstyle": "round,pad=0.15", "fc": "white", "ec": colours(digit)},
                arrowprops={"arrowstyle": "-", "linewidth": 0.7, "color": "black"},
            )  # fmt: skip
        axis.set(xticks=[], yticks=[])
    note(
        figure,
        f"Test digits, at most {EACH} of a class.",
        "A number stands at its median, or a line leads there.",
    )
    return Plot(figure, table)
