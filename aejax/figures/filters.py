"""First-layer filters, a panel a variant, each filter on its own symmetric scale."""

from __future__ import annotations

import math

import numpy as np

from aejax.figures import greys, tiles
from aejax.figures.choose import choose
from aejax.figures.output import Arrayed
from aejax.figures.style import Plot, note, panels, styled
from aejax.results.rows import Row

MOST = 24  # panels; beyond, one a model
DRAWN = 36  # filters in a panel
SYMMETRIC = greys.GreyScale(-1.0, 1.0)


@styled
def draw(rows: list[Row], arrays: Arrayed) -> Plot | None:
    """Filters over their largest weight; the CSV holds each filter's norm and largest weight."""
    shown, how = choose(rows, arrays, "filters", MOST)
    if not shown:
        return None
    columns = 2 if len(shown) <= 2 else 4
    fixed = all(greys.is_image(each.arrays["filters"]) for each in shown)
    ratio = max(tiles.ratio(each.arrays["filters"]) for each in shown)
    titles = [each.label for each in shown]
    figure, axes = panels(titles, columns, height=6.8 / columns * ratio + 0.15, fixed=fixed)
    drawn, cut, coloured = None, False, False
    for axis, each in zip(axes, shown, strict=True):
        filters = each.arrays["filters"]
        cut |= len(filters) > DRAWN
        normed = normalised(filters[:DRAWN])
        if greys.is_image(normed):
            side = math.ceil(math.sqrt(len(normed)))
            canvas = tiles.mosaic(greys.pictures(normed), side)
            image = tiles.show(axis, canvas, SYMMETRIC, cmap="RdBu_r")
            coloured |= canvas.ndim == 3
            drawn = drawn if canvas.ndim == 3 else image
        else:
            drawn = tiles.show_vectors(axis, normed, SYMMETRIC, cmap="RdBu_r")
            axis.set_ylabel("filter")
    if drawn is not None:
        words = "weight / largest |weight| of its filter"
        tiles.key(figure, axes, drawn, words, columns).set_ticks([-1, 0, 1])
    note(
        figure,
        how,
        f"Of more than {DRAWN} filters, the first {DRAWN}." if cut else "",
        "In colour: each over its largest |weight|, mid grey for zero." if coloured else "",
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
