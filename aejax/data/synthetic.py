"""Synthetic sets whose truth is known: sparse combinations of directions in superposition."""

from __future__ import annotations

import functools

import numpy as np

from aejax.data import dataset as datasets
from aejax.data.dataset import Dataset

FEATURES, DIMENSIONS, MOST_ACTIVE = 96, 64, 5
TRAIN, TEST = 16_000, 2_000
_SEED = 0


@functools.cache
def planted_directions() -> np.ndarray:
    """Returns the directions of `planted_features`, float32 [96, 64], each of length one.

    Half as many again as there are dimensions: they cannot be orthogonal.
    """
    drawn = np.random.RandomState(_SEED).standard_normal((FEATURES, DIMENSIONS))
    drawn /= np.linalg.norm(drawn, axis=1, keepdims=True)
    return _portable(drawn)


def load_planted_features() -> Dataset:
    """Returns 16,000 training and 2,000 test examples, float32 [N, 64], a toy of superposition.

    x = sum_j a_j d_j: 1 to 5 (3 on average) of the 96 `planted_directions`, drawn without
    replacement, all with magnitudes uniform in [0.5, 1.5]. Features are equally frequent. Elhage
    et al. 2022 (toy models of superposition) for the idea.
    """
    rng = np.random.RandomState(_SEED + 1)
    count = TRAIN + TEST
    chosen = np.argsort(rng.random_sample((count, FEATURES)), axis=1)[:, :MOST_ACTIVE]
    active = np.arange(MOST_ACTIVE)[None, :] < rng.randint(1, MOST_ACTIVE + 1, size=count)[:, None]
    magnitude = rng.uniform(0.5, 1.5, size=chosen.shape) * active
    directions = planted_directions().astype(np.float64)
    x = np.zeros((count, DIMENSIONS))
    for place in range(MOST_ACTIVE):  # sums in one order everywhere, which a BLAS does not promise
        x += magnitude[:, place, None] * directions[chosen[:, place]]
    x = _portable(x)
    return datasets.make("planted_features", x[:TRAIN], x[TRAIN:])


def _portable(x: np.ndarray) -> np.ndarray:
    """Rounds to 2^-16, so that the last bits of another machine's log or sqrt change no byte."""
    return (np.rint(x * 65536) / 65536).astype(np.float32)
