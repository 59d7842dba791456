"""Samples from the prior, a panel a variant, for the models that have one."""

from __future__ import annotations

import math

import numpy as np

from aejax.figures import greys, tiles
from aejax.figures.choose import choose
from aejax.figures.output import Arrayed
from aejax.figures.style import Plot, note, panels, styled
from aejax.results.rows import Row

MOST = 24  # panels; beyond, one a model
DRAWN = 36  # samples in a panel


@styled
def draw(rows: list[Row], arrays: Arrayed) -> Plot | None:
    """A grid of samples a variant; the CSV holds each sample's least, mean and greatest value."""
    shown, how = choose(rows, arrays, "samples", MOST)
    if not shown:
        return None
    columns = 2 if len(shown) <= 2 else 4
    fixed = all(greys.is_image(each.arrays["samples"]) for each in shown)
    ratio = max(tiles.ratio(each.arrays["samples"]) for each in shown)
    titles = [each.label for each in shown]
    figure, axes = panels(titles, columns, height=6.8 / columns * ratio + 0.15, fixed=fixed)
    drawn = None
    for axis, each in zip(axes, shown, strict=True):
        samples = each.arrays["samples"][:DRAWN]
        scale = greys.scale_of(each.arrays.get("inputs"))
        if greys.is_image(samples):
            side = math.ceil(math.sqrt(len(samples)))
            tiles.show(axis, tiles.mosaic(greys.pictures(samples), side), scale)
        else:
            drawn = tiles.show_vectors(axis, samples, scale)
            axis.set_ylabel("sample")
    if drawn is not None:
        tiles.key(figure, axes, drawn, "value", columns)
    note(figure, how)
    return Plot(
        figure,
        [
            {
                **each.columns(),
                "sample": i,
                "min": float(np.min(sample)),
                "mean": float(np.mean(sample)),
                "max": float(np.max(sample)),
            }
            for each in shown
            for i, sample in enumerate(each.arrays["samples"][:DRAWN])
        ],
    )
