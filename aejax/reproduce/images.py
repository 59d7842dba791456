"""The images of an application: three splits on [0, 1], of a named data set or the user's own."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np

from aejax.data.scaling import to_float
from aejax.errors import ConfigError
from aejax.reproduce.tasks import Context

LEAST_SIDE = 7  # SSIM's window
FEWEST = 10  # training images, of which two are validation images


def image_splits(
    context: Context, name: str, train: int, valid: int, test: int
) -> dict[str, np.ndarray]:
    """Returns train, valid and test images, float32 [N, H, W, C] on [0, 1].

    Validation images are drawn from the training rows, a fifth of them at most; the same for every
    seed.

    Args:
      context: of the task.
      name: of the data set, or its path.
      train: most training images.
      valid: most validation images.
      test: most test images, the first.

    Raises:
      ConfigError: rows that are no images of 7 pixels a side or more, floats beyond [0, 1], or too
        few images for a validation split.
    """
    data = context.dataset(name, train_size=None, test_size=None)
    shape = data.train.shape[1:]
    if len(shape) != 3 or min(shape[:2]) < LEAST_SIDE or shape[2] not in (1, 3):
        raise ConfigError(
            f"dataset={name!r} has rows of shape {shape}. Allowed: images, grey or colour, of "
            f"{LEAST_SIDE} pixels a side or more."
        )
    if data.train.dtype != np.uint8 and not 0 <= data.train.min() <= data.train.max() <= 1:
        raise ConfigError(
            f"dataset={name!r} has values from {data.train.min():.4g} to {data.train.max():.4g}. "
            "Allowed: bytes, or floats from 0 to 1."
        )
    if len(data.train) < FEWEST:
        raise ConfigError(
            f"dataset={name!r} has {len(data.train)} training and {len(data.test)} test images. "
            f"Allowed: {FEWEST} training images or more."
        )
    order = np.random.RandomState(0).permutation(len(data.train))
    held = order[: min(valid, len(order) // 5)]
    rest = order[len(held) :][:train]
    found = {"train": data.train[rest], "valid": data.train[held], "test": data.test[:test]}
    return {split: np.asarray(to_float(jnp.asarray(rows))) for split, rows in found.items()}


def of_most_contrast(images: np.ndarray, count: int) -> np.ndarray:
    """Returns which images [N, ...] a sheet shows: of the first hundred those that vary most.

    Of photographs' patches most are flat, and show nothing of what a method does.
    """
    spread = images[:100].reshape(len(images[:100]), -1).std(1)
    return np.argsort(-spread, kind="stable")[:count]
