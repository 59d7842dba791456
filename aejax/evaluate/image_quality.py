"""How near an image is to the clean one: PSNR, and the index of structural similarity."""

from __future__ import annotations

from typing import Any

import numpy as np

from aejax.errors import ConfigError, need


def psnr(clean: np.ndarray, images: np.ndarray, where: np.ndarray | None = None) -> np.ndarray:
    """Returns 10 log10(1 / MSE) [N], in decibels, of images on the scale [0, 1].

    Infinite where an image is the clean one.

    Args:
      clean: [N, ...].
      images: the same shape.
      where: bool of the same shape: the values that count (a hole); None: all.

    Raises:
      ConfigError: other shapes, or an image of which no value counts.
    """
    clean, images = np.asarray(clean, np.float64), np.asarray(images, np.float64)
    counts = np.ones(clean.shape, bool) if where is None else np.asarray(where, bool)
    if not clean.shape == images.shape == counts.shape:
        raise ConfigError(
            f"psnr got shapes {clean.shape}, {images.shape} and {counts.shape}. Allowed: one shape."
        )
    rows = lambda a: a.reshape(len(clean), -1)
    number = rows(counts).sum(1)
    if (number == 0).any():
        raise ConfigError(f"psnr: of image {int(np.argmin(number))} no value counts.")
    error = (np.square(rows(clean) - rows(images)) * rows(counts)).sum(1) / number
    with np.errstate(divide="ignore"):
        return -10 * np.log10(error)


def ssim(clean: np.ndarray, images: np.ndarray) -> np.ndarray:
    """Returns the structural similarity [N] of images on the scale [0, 1]. Wang et al. 2004.

    scikit-image's, with windows of 7 x 7 pixels of equal weight; the mean over channels.

    Args:
      clean: [N, H, W, C], 7 pixels a side or more.
      images: the same shape.

    Raises:
      ConfigError: other shapes; scikit-image is not installed.
    """
    metrics: Any = need("skimage.metrics", "applications")
    clean, images = np.asarray(clean, np.float64), np.asarray(images, np.float64)
    if clean.shape != images.shape or clean.ndim != 4 or min(clean.shape[1:3]) < 7:
        raise ConfigError(
            f"ssim got shapes {clean.shape} and {images.shape}. Allowed: [N, H, W, C] both, 7 "
            "pixels a side or more."
        )
    return np.asarray(
        [
            metrics.structural_similarity(a, b, data_range=1.0, channel_axis=-1, win_size=7)
            for a, b in zip(clean, images, strict=True)
        ]
    )
