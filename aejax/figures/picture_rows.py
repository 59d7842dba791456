"""Rows of labelled small pictures, for what a trained model makes of a few examples."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from aejax.errors import ConfigError
from aejax.figures.greys import GreyScale, pictures, scale_of
from aejax.figures.style import RC, WIDTH
from aejax.figures.tiles import mosaic, show


def picture_rows(path: Path, rows: Mapping[str, np.ndarray], title: str) -> None:
    """Writes a PNG: one line of pictures a row, its label on the left.

    Args:
      path: of the PNG.
      rows: label -> pictures [n, H, W] or [n, H, W, C] on one scale.
      title: of the whole.

    Raises:
      ConfigError: the examples are no pictures.
    """
    first = next(iter(rows.values()))
    if first.ndim not in (3, 4):
        raise ConfigError(
            f"output={str(path)!r}: examples of shape {first.shape[1:]} are no pictures. "
            "Allowed: a .npz file."
        )
    count = max(len(images) for images in rows.values())
    scale = scale_of(np.concatenate([images.reshape(-1) for images in rows.values()]))
    if scale.high > 2:
        scale = GreyScale(0.0, 255.0)
    height = WIDTH * 0.86 / count * first.shape[1] / first.shape[2]
    with mpl.rc_context(RC):
        figure = Figure(figsize=(WIDTH, (height * 1.06) * len(rows) + 0.35), layout="constrained")
        axes = np.atleast_1d(figure.subplots(len(rows), 1))
        for axis, (label, images) in zip(axes, rows.items(), strict=True):
            show(axis, mosaic(pictures(images), count), scale, interpolation="nearest")
            axis.set_ylabel(label, rotation=0, ha="right", va="center")
        figure.suptitle(title, x=0.01, ha="left", fontsize=8)
        figure.savefig(path, dpi=200, format="png", bbox_inches="tight")
