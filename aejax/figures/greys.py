"""How arrays become pictures: greys on one scale, colours where there are three channels.

Free of matplotlib, so that the report shows the same pictures as the figures.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class GreyScale(NamedTuple):
    """How values become ink: `low` black, `high` white, the same for all images of a figure."""

    low: float
    high: float


def scale_of(inputs: np.ndarray | None) -> GreyScale:
    """Returns [0, 1] for images within it, else the range of the inputs."""
    if inputs is None or not np.isfinite(inputs).any():
        return GreyScale(0.0, 1.0)
    low, high = float(np.nanmin(inputs)), float(np.nanmax(inputs))
    return GreyScale(0.0, 1.0) if low >= 0 and high <= 1 else GreyScale(low, max(high, low + 1e-12))


def is_image(array: np.ndarray) -> bool:
    """Returns whether [n, *shape] holds images, (H, W) or (H, W, C), and not vectors."""
    return array.ndim in (3, 4)


def pictures(images: np.ndarray) -> np.ndarray:
    """Returns [n, H, W] grey or [n, H, W, 3] colour of images [n, H, W] or [n, H, W, C].

    Other numbers of channels than one and three have no colours of their own: their mean is shown.
    """
    images = np.asarray(images, dtype=np.float64)
    if images.ndim == 3 or images.shape[-1] == 3:
        return images
    return images.mean(axis=-1)
