"""Many small images in one array, so that a panel of them is a single imshow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colorbar import Colorbar
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.ticker import MaxNLocator

from aejax.figures.greys import GreyScale, is_image, pictures

GAPS = {"RdBu_r": "#c8c8c8"}  # where white is a value


def ratio(images: np.ndarray) -> float:
    """Returns height over width of images [n, H, W, ...]; a heat map of vectors is as it is set."""
    return images.shape[1] / images.shape[2] if is_image(images) else 0.8


def mosaic(images: np.ndarray, columns: int) -> np.ndarray:
    """Sets pictures [n, H, W] or [n, H, W, 3] side by side, row by row.

    Args:
      images: the pictures.
      columns: how many stand in a row.

    Returns:
      [h, w] or [h, w, 4]: gaps, and places without a picture, are NaN or transparent.
    """
    count, height, width = images.shape[:3]
    rows, gap = -(-count // columns), -(-width // 12)
    if images.ndim == 4:  # an alpha channel stands for what NaN is in a grey picture
        images = np.concatenate([images, np.ones((*images.shape[:3], 1))], axis=-1)
    empty = np.nan if images.ndim == 3 else 0.0
    shape = (rows * (height + gap) - gap, columns * (width + gap) - gap, *images.shape[3:])
    canvas = np.full(shape, empty)
    for i, image in enumerate(images):
        top, left = (i // columns) * (height + gap), (i % columns) * (width + gap)
        canvas[top : top + height, left : left + width] = image
    return canvas


def show(
    axis: Axes, canvas: np.ndarray, scale: GreyScale, cmap: str = "gray", **extra: Any
) -> AxesImage:
    """Draws a mosaic or a matrix with values clipped to `scale` and no frame."""
    if canvas.ndim == 3:
        canvas = canvas.copy()
        canvas[..., :3] = np.clip((canvas[..., :3] - scale.low) / (scale.high - scale.low), 0, 1)
    shades = mpl.colormaps[cmap].with_extremes(bad=GAPS.get(cmap, "white"))
    drawn = axis.imshow(canvas, cmap=shades, vmin=scale.low, vmax=scale.high, **extra)
    axis.set(xticks=[], yticks=[])
    axis.spines[:].set_visible(False)
    return drawn


def show_lines(axis: Axes, lines: Sequence[tuple[str, np.ndarray]], labelled: bool) -> None:
    """Draws a line of pictures under another, in greys from 0 to 1.

    Args:
      axis: where; without a frame.
      lines: labels, and as many images [n, H, W] or [n, H, W, C] each.
      labelled: labels stand at the left: of the first panel of a row.
    """
    strips = [mosaic(pictures(images), len(images)) for _, images in lines]
    high = strips[0].shape[0] + 2
    gap = np.full((2, *strips[0].shape[1:]), np.nan if strips[0].ndim == 2 else 0.0)
    canvas = np.concatenate([part for strip in strips for part in (strip, gap)][:-1])
    show(axis, canvas, GreyScale(0.0, 1.0), interpolation="nearest")
    if labelled:
        places = [high * i + high / 2 - 1 for i in range(len(lines))]
        axis.set_yticks(places, [label for label, _ in lines])
        axis.tick_params(axis="y", length=0)


def key(
    figure: Figure, axes: Sequence[Axes], drawn: AxesImage, label: str, columns: int
) -> Colorbar:
    """Sets a colour bar below the panels, not quite as long as two of them."""
    shrink = 1.5 / min(columns, len(axes) + 0.5)
    return figure.colorbar(
        drawn, ax=list(axes), location="bottom", aspect=30, shrink=shrink, label=label
    )


def show_vectors(
    axis: Axes, vectors: np.ndarray, scale: GreyScale, cmap: str = "viridis"
) -> AxesImage:
    """Draws vectors [n, ...] that are no images as a heat map: one a line, a column a feature."""
    flat = vectors.reshape(len(vectors), -1)
    drawn = axis.imshow(
        flat, cmap=cmap, vmin=scale.low, vmax=scale.high, aspect="auto", interpolation="nearest"
    )
    axis.set(xlabel="feature", yticks=[])
    axis.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    return drawn
