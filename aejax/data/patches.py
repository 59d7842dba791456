"""Patches of natural images, from the two photographs that come with scikit-learn.

For Ng's exercise (CS294A, 2011) and Vincent et al. 2010, figures 5 to 7, whose own photographs are
not available: two pictures, a temple and a flower, in place of ten.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from aejax.data import dataset as datasets
from aejax.data.dataset import Dataset
from aejax.errors import need

TRAIN, TEST = 10_000, 2_000
CLIP = 3.0  # standard deviations beyond which a value is cut
_CUTOFF = 0.4  # cycles a pixel, where the whitening filter gives way to the low pass
_HELD_OUT = 0.25  # of each photograph, its right edge: there the test patches come from
_SEED = 0


def load_natural_patches(name: str, side: int) -> Dataset:
    """Returns 10,000 training and 2,000 test patches, float32 [N, side, side, 1] in [0.1, 0.9].

    Grey photographs, halved in size (which leaves the blocks of their JPEG files behind), whitened,
    cut at random places, then brought into a sigmoid's range as in the exercise. Training and test
    patches come from different parts of the photographs; validation patches, held out of training,
    may overlap others of training, so that they tell less of what is new than the test's.
    """
    random = np.random.RandomState(_SEED)
    pictures = [whiten(picture) for picture in photographs()]
    edges = [round((1 - _HELD_OUT) * picture.shape[1]) for picture in pictures]
    left = [picture[:, :edge] for picture, edge in zip(pictures, edges, strict=True)]
    right = [picture[:, edge:] for picture, edge in zip(pictures, edges, strict=True)]
    train = cut(left, TRAIN, side, random)
    test = cut(right, TEST, side, random)
    spread = CLIP * float(train.std())
    # Rounded, so that another machine's last bits of a Fourier transform change hardly a byte.
    scaled = [np.rint(squash(x, spread) * 65536) / 65536 for x in (train, test)]
    return datasets.make(name, *(x.astype(np.float32)[..., None] for x in scaled))


def load_photo_patches(name: str, side: int) -> Dataset:
    """Returns 10,000 training and 2,000 test patches of the photographs as they are.

    uint8 [N, side, side, 1], grey, from the same two separate parts as those of
    `load_natural_patches`, not whitened.
    """
    random = np.random.RandomState(_SEED)
    pictures = photographs()
    edges = [round((1 - _HELD_OUT) * picture.shape[1]) for picture in pictures]
    left = [picture[:, :edge] for picture, edge in zip(pictures, edges, strict=True)]
    right = [picture[:, edge:] for picture, edge in zip(pictures, edges, strict=True)]
    splits = (cut(left, TRAIN, side, random, False), cut(right, TEST, side, random, False))
    return datasets.make(name, *(np.rint(x).astype(np.uint8)[..., None] for x in splits))


def photographs() -> list[np.ndarray]:
    """Returns the photographs [213, 320], grey in 0..255, each pixel the mean of four."""
    need("PIL", "data")  # scikit-learn reads the photographs with it
    from sklearn.datasets import load_sample_images  # over a second: only when asked for

    bunch: Any = load_sample_images()
    grey = [np.asarray(image, np.float64).mean(2) for image in bunch.images]
    even = [image[: len(image) // 2 * 2, : image.shape[1] // 2 * 2] for image in grey]
    return [x.reshape(x.shape[0] // 2, 2, x.shape[1] // 2, 2).mean((1, 3)) for x in even]


def whiten(picture: np.ndarray) -> np.ndarray:
    """Flattens a photograph's spectrum, which falls as 1/f, up to a cut-off. Unit variance.

    The filter f exp(-(f / f0)^4) of Olshausen & Field 1997.
    """
    rows, columns = (np.fft.fftfreq(n) for n in picture.shape)
    f = np.sqrt(rows[:, None] ** 2 + columns[None, :] ** 2)
    spectrum = np.fft.fft2(picture - picture.mean()) * f * np.exp(-((f / _CUTOFF) ** 4))
    flat = np.fft.ifft2(spectrum).real
    return flat / flat.std()


def cut(
    pictures: list[np.ndarray],
    count: int,
    side: int,
    random: np.random.RandomState,
    centred: bool = True,
) -> np.ndarray:
    """Returns patches [count, side, side] from random places of the pictures in turn.

    Each has mean 0 unless `centred` is False.
    """
    patches = np.empty((count, side, side))
    for i in range(count):
        picture = pictures[i % len(pictures)]
        row = random.randint(picture.shape[0] - side + 1)
        column = random.randint(picture.shape[1] - side + 1)
        patches[i] = picture[row : row + side, column : column + side]
    return patches - patches.mean((1, 2), keepdims=True) if centred else patches


def squash(patches: np.ndarray, spread: float) -> np.ndarray:
    """Clips to +-spread and scales that to [0.1, 0.9], where a sigmoid is not yet flat. Ng 2011."""
    return 0.5 + 0.4 * np.clip(patches, -spread, spread) / spread
