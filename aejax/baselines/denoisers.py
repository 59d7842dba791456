"""Denoisers without training, of scikit-image and SciPy: `fn(images, **setting) -> images`.

Images are [N, H, W, C] on the scale [0, 1]; noisy ones may lie outside it. None is told the kind of
noise or its level: both are in the settings, among which validation images choose.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from aejax.errors import need


def _restoration() -> Any:
    return need("skimage.restoration", "applications")


def _each(fn: Callable[[np.ndarray], np.ndarray], images: np.ndarray) -> np.ndarray:
    """Applies `fn` image by image; grey ones without their channel."""
    grey = images.shape[-1] == 1
    done = [fn(image[..., 0] if grey else image) for image in np.asarray(images, np.float64)]
    return np.stack(done).reshape(images.shape)


def _axis(images: np.ndarray) -> int | None:
    return None if images.shape[-1] == 1 else -1


def non_local_means(images: np.ndarray, h: float) -> np.ndarray:
    """The mean of pixels with like surroundings (5 x 5). Buades, Coll & Morel 2005."""
    fn = _restoration().denoise_nl_means
    axis = _axis(images)
    return _each(
        lambda x: fn(x, patch_size=5, patch_distance=6, h=h, fast_mode=True, channel_axis=axis),
        images,
    )


def wavelets(images: np.ndarray, sigma: float, mode: str) -> np.ndarray:
    """Thresholds of wavelet coefficients, BayesShrink. Chang, Yu & Vetterli 2000.

    Raises:
      ConfigError: PyWavelets is not installed.
    """
    need("pywt", "applications")
    fn, axis = _restoration().denoise_wavelet, _axis(images)
    return _each(
        lambda x: fn(
            x, sigma=sigma, mode=mode, method="BayesShrink", wavelet="db2", channel_axis=axis
        ),
        images,
    )


def total_variation(images: np.ndarray, weight: float) -> np.ndarray:
    """The least total variation near the image. Rudin, Osher & Fatemi 1992; Chambolle 2004."""
    fn, axis = _restoration().denoise_tv_chambolle, _axis(images)
    return _each(lambda x: fn(x, weight=weight, channel_axis=axis), images)


def median(images: np.ndarray, side: int) -> np.ndarray:
    """The median of a window, the classic against impulses. Tukey 1977."""
    from scipy.ndimage import median_filter

    return median_filter(np.asarray(images, np.float64), size=(1, side, side, 1), mode="nearest")


class DenoisingMethod(NamedTuple):
    """The function, and the settings among which validation images choose."""

    fn: Callable[..., np.ndarray]
    grid: Mapping[str, Sequence[Any]]


DENOISERS: dict[str, DenoisingMethod] = {
    "non_local_means": DenoisingMethod(non_local_means, {"h": (0.1, 0.2, 0.3, 0.4, 0.8)}),
    "wavelets": DenoisingMethod(
        wavelets, {"sigma": (0.1, 0.2, 0.4, 0.8), "mode": ("soft", "hard")}
    ),
    "total_variation": DenoisingMethod(total_variation, {"weight": (0.1, 0.2, 0.4, 0.8, 1.6, 3.2)}),
    "median": DenoisingMethod(median, {"side": (3, 5, 7, 9)}),
}
