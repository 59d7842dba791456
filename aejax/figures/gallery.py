"""A picture of the gallery: panels below each other, images at whole multiples of their pixels."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from aejax.figures import greys, tiles
from aejax.figures.codes import Plane, scatter
from aejax.figures.filters import normalised
from aejax.figures.style import GREY, RC, wrapped
from aejax.gallery.panels import ACROSS, Clouds, Panel, Strip, Words
from aejax.io import becoming

DPI = 100
WIDE = 614  # pixels of a line of images; 10 of MNIST's with their gaps, twice
LEFT, GAP, EDGE = 118, 10, 4  # pixels: for labels, between panels, around all
CLOUD = 270  # pixels of a cloud's side
LINE = 15  # pixels of a line of words
COLOURS = 128  # of the PNG


def _canvas(strip: Strip) -> np.ndarray:
    pictures = normalised(strip.images) if strip.signed else strip.images
    short = -len(pictures) % ACROSS if len(pictures) > ACROSS else ACROSS - len(pictures)
    blank = np.full((short, *pictures.shape[1:]), np.nan)
    return tiles.mosaic(np.concatenate([pictures, blank]), ACROSS)


def _strip_height(strip: Strip) -> int:
    height, width = _canvas(strip).shape
    return round(WIDE * height / width)


def _draw_strip(axis: Axes, strip: Strip) -> None:
    if strip.signed:
        scale, colours = greys.GreyScale(-1.0, 1.0), "RdBu_r"
    else:
        scale, colours = greys.GreyScale(strip.low, strip.high), "gray"
    tiles.show(axis, _canvas(strip), scale, colours, aspect="auto", interpolation="nearest")


def _square(points: np.ndarray) -> np.ndarray:
    """Returns the limits [2, 2] of a square that holds nearly all points."""
    low, high = np.percentile(points, [1, 99], axis=0)
    half = 0.6 * (high - low).max()
    centre = (low + high) / 2
    return np.stack([centre - half, centre + half], axis=1)


def _draw_clouds(axis: Axes, panel: Clouds) -> None:
    axis.set_axis_off()
    together = np.concatenate([cloud.points for cloud in panel.clouds])
    share = CLOUD / WIDE
    for i, cloud in enumerate(panel.clouds):
        inner = axis.inset_axes((0.04 + i * (share + 0.08), 0.08, share * 0.94, 0.84))
        scatter(inner, Plane(cloud.points, ("", "")), cloud.labels, 5)
        inner.set_aspect("equal", adjustable="box")
        x, y = _square(together if panel.same_axes else cloud.points)
        inner.set(xlim=x, ylim=y, title=cloud.label)
        inner.locator_params(nbins=4)


def _draw_words(axis: Axes, panel: Words) -> None:
    axis.set_axis_off()
    axis.text(0, 1, "\n".join(panel.lines), va="top", fontsize=8, linespacing=1.35)


HEIGHTS: dict[type, Callable[[Any], int]] = {
    Strip: _strip_height,
    Clouds: lambda panel: CLOUD,
    Words: lambda panel: LINE * len(panel.lines),
}
DRAWERS: dict[type, Callable[[Axes, Any], None]] = {
    Strip: _draw_strip,
    Clouds: _draw_clouds,
    Words: _draw_words,
}


def draw(panels: list[Panel], path: Path) -> Path:
    """Writes a picture as a PNG of few colours; whole or not at all.

    Args:
      panels: from top to bottom.
      path: of the PNG.
    """
    from PIL import Image

    heights = [HEIGHTS[type(panel)](panel) for panel in panels]
    width = LEFT + WIDE + 2 * EDGE
    height = sum(heights) + GAP * (len(panels) - 1) + 2 * EDGE
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(RC)
        figure = Figure((width / DPI, height / DPI), dpi=DPI)
        top = height - EDGE
        for panel, tall in zip(panels, heights, strict=True):
            box = (EDGE + LEFT, top - tall, WIDE, tall)
            axis = figure.add_axes(tuple(np.array(box) / (width, height, width, height)))
            DRAWERS[type(panel)](axis, panel)
            words = wrapped(panel.label, 17)
            figure.text(
                (EDGE + LEFT - 8) / width, (top - tall / 2) / height, words,
                ha="right", va="center", fontsize=8, color=GREY,
            )  # fmt: skip
            top -= tall + GAP
        with becoming(path) as part:
            figure.savefig(part, format="png", dpi=DPI)
            with Image.open(part) as image:
                few = image.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
            few.save(part, format="png", optimize=True)
    return path
