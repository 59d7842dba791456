"""Harder kinds of MNIST: few examples, any rotation, a background of noise.

After Larochelle et al. 2007, on whose sets Vincent et al. 2010 compare their stacks. Their files
are no longer available; these are made anew from MNIST as papers describe them, so that numbers are
beside the published ones and not the same. All kinds take the same digits in the same order.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from aejax.data import dataset as datasets
from aejax.data.dataset import Dataset

TRAIN, VALID, TEST = 10_000, 2_000, 50_000
_SEED = 0
_CHUNK = 5_000  # images at a time: the work arrays of all of them would take gigabytes

Change = Callable[[np.ndarray, np.random.RandomState], np.ndarray]  # uint8 [N, H, W] -> the same


def unchanged(images: np.ndarray, random: np.random.RandomState) -> np.ndarray:
    """`mnist_basic`: the digits as they are; what is hard is that there are only 10,000."""
    return images


def rotated(images: np.ndarray, random: np.random.RandomState) -> np.ndarray:
    """`mnist_rot`: each by an angle of its own, uniform in [0, 2 pi)."""
    return rotate(images, random.uniform(0, 2 * np.pi, len(images)))


def noisy_background(images: np.ndarray, random: np.random.RandomState) -> np.ndarray:
    """`mnist_bg_rand`: grey levels uniform in 0..255 where the digit has no ink."""
    noise = random.randint(0, 256, images.shape).astype(np.uint8)
    return np.where(images == 0, noise, images)


def rotate(images: np.ndarray, angles: np.ndarray) -> np.ndarray:
    """Rotates uint8 images [N, H, W] about their centre, counter-clockwise, in radians [N].

    Bilinear interpolation; what comes from outside the picture is 0.
    """
    count, height, width = images.shape
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1))).astype(np.float64)
    up, right = np.meshgrid(
        (height - 1) / 2 - np.arange(height), np.arange(width) - (width - 1) / 2, indexing="ij"
    )
    cos, sin = np.cos(angles)[:, None, None], np.sin(angles)[:, None, None]
    # Where a pixel's ink comes from: the pixel, turned back.
    source_right, source_up = cos * right[None] + sin * up[None], cos * up[None] - sin * right[None]
    column = np.clip(source_right + (width - 1) / 2 + 1, 0, width + 0.999)
    row = np.clip((height - 1) / 2 - source_up + 1, 0, height + 0.999)
    i, j = np.floor(row).astype(int), np.floor(column).astype(int)
    v, u = row - i, column - j
    n = np.arange(count)[:, None, None]
    top = (1 - u) * padded[n, i, j] + u * padded[n, i, j + 1]
    bottom = (1 - u) * padded[n, i + 1, j] + u * padded[n, i + 1, j + 1]
    return np.rint((1 - v) * top + v * bottom).astype(np.uint8)


def vary(mnist: Dataset, name: str, change: Change) -> Dataset:
    """Returns a variation: 12,000 training and 50,000 test images, uint8 [N, 28, 28, 1].

    The last 2,000 of the training images are the papers' validation set; a paper's file cuts them
    off by itself, with valid_fraction=0. The digits are drawn from all 70,000 of MNIST by a fixed
    permutation. Of a smaller MNIST (a test's), the same fractions.

    Args:
      mnist: MNIST, with labels.
      name: of the new set.
      change: what is done to the images.
    """
    assert mnist.train_labels is not None
    assert mnist.test_labels is not None
    random = np.random.RandomState(_SEED)
    total = len(mnist.train) + len(mnist.test)
    train, test = ((TRAIN + VALID) * total // 70_000, TEST * total // 70_000)
    chosen = random.permutation(total)[: train + test]
    images = np.concatenate([mnist.train, mnist.test])[chosen]
    labels = np.concatenate([mnist.train_labels, mnist.test_labels])[chosen]
    parts = [change(images[i : i + _CHUNK, ..., 0], random) for i in range(0, len(images), _CHUNK)]
    changed = np.concatenate(parts)[..., None]
    return datasets.make(name, changed[:train], changed[train:], labels[:train], labels[train:])
