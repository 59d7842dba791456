"""First-layer filters, a panel a variant, each filter on its own symmetric scale."""

from __future__ import annotations

import math

import numpy as np

from aejax.figures import tiles
from aejax.figures.choose import choose
from aejax.figures.output import Arrayed
from aejax.figures.rows import Row
from aejax.figures.style import Plot, note, panels, styled

MOST = 24  # panels; beyond, one a model
DRAWN = 36  # filters in a panel
SYMMETRIC = tiles.Scale(-1.0, 1.0)


@styled
def draw(rows: list[Row], arrays: Arrayed) -> Plot | None:
    """Filters over their largest weight; the CSV holds each filter's norm and largest weight."""
    shown, how = choose(rows, arrays, "filters", MOST)
    if not shown:
        return None
    columns = 2 if len(shown) <= 2 else 4
    layout = "compressed" if tiles.is_image(shown[0].arrays["filters"]) else "constrained"
    ratio = tiles.ratio(shown[0].arrays["filters"])
    titles = [each.label for each in shown]
    figure, axes = panels(titles, columns, height=6.8 / columns * ratio + 0.15, layout=layout)
    drawn, cut = None, False
    for axis, each in zip(axes, shown, strict=True):
        filters = each.arrays["filters"]
        cut |= len(filters) > DRAWN
        normed = normalised(filters[:DRAWN])
        if tiles.is_image(normed):
            side = math.ceil(math.sqrt(len(normed)))
            canvas = tiles.mosaic(tiles.pictures(normed), side)
            drawn = tiles.show(axis, canvas, SYMMETRIC, cmap="RdBu_r")
        else:
            drawn = tiles.show_vectors(axis, normed, SYMMETRIC, cmap="RdBu_r")
            axis.set_ylabel("filter")
    colour = drawn is not None and drawn.get_array().ndim == 3
    if not colour:
        words = "weight / largest |weight| of its filter"
        tiles.key(figure, axes, drawn, words, columns).set_ticks([-1, 0, 1])
    note(
        figure,
        how,
        f"The first {DRAWN} filters of each." if cut else "",
        "Each over its largest |weight|, mid grey for zero." if colour else "",
    )
    return Plot(
        figure,
        [
            {
                **each.columns(),
                "filter": i,
                "norm": float(np.linalg.norm(each_filter)),
                "largest_weight": float(np.abs(each_filter).max()),
            }
            for each in shown
            for i, each_filter in enumerate(each.arrays["filters"][:DRAWN])
        ],
    )


def normalised(filters: np.ndarray) -> np.ndarray:
    """Returns filters [F, *shape], each over its largest |weight|; an all-zero one stays zero."""
    flat = np.asarray(filters, np.float64).reshape(len(filters), -1)
    largest = np.abs(flat).max(axis=1, keepdims=True)
    return (flat / np.where(largest > 0, largest, 1)).reshape(filters.shape)
