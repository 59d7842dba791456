"""Fillers of holes without an autoencoder: `fn(images, hidden, train, **setting) -> images`.

Images are [N, H, W, C] on the scale [0, 1], `hidden` is bool [N, H, W], true in the hole, and what
stands there is not read; `train` are whole images [M, H, W, C], for those that learn from them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from aejax.errors import need

BLOCK = 256  # images whose distances to all training images are held at once


def mean_fill(images: np.ndarray, hidden: np.ndarray, train: np.ndarray) -> np.ndarray:
    """The mean of an image's visible pixels, by channel."""
    seen = np.where(hidden[..., None], np.nan, np.asarray(images, np.float64))
    mean = np.nanmean(seen, axis=(1, 2), keepdims=True)
    return np.where(hidden[..., None], mean, images)


def mean_image(images: np.ndarray, hidden: np.ndarray, train: np.ndarray) -> np.ndarray:
    """The mean of the training images, pixel by pixel."""
    return np.where(hidden[..., None], train.mean(0, dtype=np.float64), images)


def biharmonic(images: np.ndarray, hidden: np.ndarray, train: np.ndarray) -> np.ndarray:
    """The smoothest surface through the visible pixels. Damelin & Hoang 2018.

    Raises:
      ConfigError: scikit-image is not installed.
    """
    fn = need("skimage.restoration", "applications").inpaint_biharmonic
    pairs = zip(np.array(images, np.float64), hidden, strict=True)
    # It takes no read-only array, which what comes from JAX is.
    return np.stack([fn(image, hole.copy(), channel_axis=-1) for image, hole in pairs])


def nearest_neighbour(
    images: np.ndarray, hidden: np.ndarray, train: np.ndarray, k: int
) -> np.ndarray:
    """The mean of the k training images that are nearest in the visible pixels."""
    flat, seen = train.reshape(len(train), -1).astype(np.float64), ~hidden
    done = []
    for start in range(0, len(images), BLOCK):
        rows = slice(start, start + BLOCK)
        x = images[rows].reshape(len(images[rows]), -1).astype(np.float64)
        w = np.broadcast_to(seen[rows][..., None], images[rows].shape).reshape(x.shape)
        # |w (x - t)|^2 without the term that is equal for all t.
        far = w.astype(np.float64) @ np.square(flat).T - 2 * (w * x) @ flat.T
        near = np.argpartition(far, k - 1, axis=1)[:, :k] if k < len(flat) else None
        filled = flat[near].mean(1) if near is not None else np.broadcast_to(flat.mean(0), x.shape)
        done.append(np.where(w, x, filled).reshape(images[rows].shape))
    return np.concatenate(done)


class InpaintingMethod(NamedTuple):
    """The function, and the settings among which validation images choose."""

    fn: Callable[..., np.ndarray]
    grid: Mapping[str, Sequence[Any]]


INPAINTERS: dict[str, InpaintingMethod] = {
    "mean_fill": InpaintingMethod(mean_fill, {}),
    "mean_image": InpaintingMethod(mean_image, {}),
    "biharmonic": InpaintingMethod(biharmonic, {}),
    "nearest_neighbour": InpaintingMethod(nearest_neighbour, {"k": (1, 3, 10, 30)}),
}
