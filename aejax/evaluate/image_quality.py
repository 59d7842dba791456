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


# Of five scales, from the finest: Wang, Simoncelli & Bovik 2003.
SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
WINDOW, SIGMA = 11, 1.5  # pixels of a side of the Gaussian window, and its deviation


def ms_ssim(clean: np.ndarray, images: np.ndarray) -> np.ndarray:
    """Returns the multi-scale structural similarity [N] of images on [0, 1]. Wang et al. 2003.

    Gaussian windows of 11 x 11 pixels that lie in the image whole; between scales, means of 2 x 2
    pixels; a negative contrast counts as 0; the mean over channels.

    Args:
      clean: [N, H, W, C], 176 pixels a side or more: 11 at the fifth scale.
      images: the same shape.

    Raises:
      ConfigError: other shapes.
    """
    a, b = np.asarray(clean, np.float64), np.asarray(images, np.float64)
    least = WINDOW << (len(SCALE_WEIGHTS) - 1)
    if a.shape != b.shape or a.ndim != 4 or min(a.shape[1:3]) < least:
        raise ConfigError(
            f"ms_ssim got shapes {a.shape} and {b.shape}. Allowed: [N, H, W, C] both, {least} "
            "pixels a side or more."
        )
    found = np.ones((a.shape[0], a.shape[3]))
    for i, weight in enumerate(SCALE_WEIGHTS):
        if i:
            a, b = _halved(a), _halved(b)
        whole, contrast = similarities(a, b)
        last = i == len(SCALE_WEIGHTS) - 1
        found *= np.maximum(whole if last else contrast, 0) ** weight
    return found.mean(1)


def similarities(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns SSIM and its factor of contrast and structure, means over windows: [N, C] both.

    Wang et al. 2004, with K1 = .01 and K2 = .03.
    """
    from scipy.ndimage import correlate1d

    at = np.arange(WINDOW) - WINDOW // 2
    weights = np.exp(-0.5 * np.square(at / SIGMA))
    weights /= weights.sum()
    edge = WINDOW // 2

    def local(x: np.ndarray) -> np.ndarray:
        for axis in (1, 2):
            x = correlate1d(x, weights, axis=axis)
        return x[:, edge:-edge, edge:-edge]

    c1, c2 = 0.01**2, 0.03**2
    mean_a, mean_b = local(a), local(b)
    var_a, var_b = local(a * a) - mean_a**2, local(b * b) - mean_b**2
    both = local(a * b) - mean_a * mean_b
    contrast = (2 * both + c2) / (var_a + var_b + c2)
    light = (2 * mean_a * mean_b + c1) / (mean_a**2 + mean_b**2 + c1)
    return (light * contrast).mean((1, 2)), contrast.mean((1, 2))


def _halved(x: np.ndarray) -> np.ndarray:
    """Returns means of 2 x 2 pixels; an odd last row or column is left out."""
    n, height, width, channels = x.shape
    even = x[:, : height // 2 * 2, : width // 2 * 2]
    return even.reshape(n, height // 2, 2, width // 2, 2, channels).mean((2, 4))
