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


MANY_FEATURES, MANY_ACTIVE = 512, 4.0  # directions; how many are active on average
MANY_TRAIN, MANY_TEST = 40_000, 4_000
FRESH_TRAIN = 400_000  # so many that 1500 batches of 256 meet each example once
_AT_ONCE = 20_000  # examples: a draw for each of 512 features


@functools.cache
def many_directions() -> np.ndarray:
    """Returns the directions of `planted_many`, float32 [512, 64], each of length one."""
    drawn = np.random.RandomState(_SEED + 2).standard_normal((MANY_FEATURES, DIMENSIONS))
    drawn /= np.linalg.norm(drawn, axis=1, keepdims=True)
    return _portable(drawn)


def many_frequencies() -> np.ndarray:
    """Returns how often each feature of `planted_many` is active, [512], falling as 1 / (8 + j)."""
    falling = 1.0 / (8.0 + np.arange(MANY_FEATURES))
    return MANY_ACTIVE * falling / falling.sum()


def load_planted_many() -> Dataset:
    """Returns 40,000 training and 4,000 test examples, float32 [N, 64], of 512 features.

    x = sum_j a_j d_j, feature j active by itself with `many_frequencies`, 4 an example on average,
    with a magnitude uniform in [0.5, 1.5]. Eight times as many features as dimensions and a long
    tail of rare ones, as a dictionary for a language model meets them: what leaves units dead.
    """
    x = _many(MANY_TRAIN + MANY_TEST, np.random.RandomState(_SEED + 3))
    return datasets.make("planted_many", x[:MANY_TRAIN], x[MANY_TRAIN:])


def load_planted_fresh() -> Dataset:
    """Returns `planted_many` with 400,000 training examples, and other test examples.

    For dictionaries that are trained on a stream, where none is seen twice.
    """
    rng = np.random.RandomState(_SEED + 4)
    parts = [_many(_AT_ONCE, rng) for _ in range(FRESH_TRAIN // _AT_ONCE)]
    x = np.concatenate(parts)
    return datasets.make("planted_fresh", x, _many(MANY_TEST, rng))


def _many(count: int, rng: np.random.RandomState) -> np.ndarray:
    """Returns so many examples of `load_planted_many`, float32 [count, 64]."""
    active = rng.random_sample((count, MANY_FEATURES)) < many_frequencies()[None, :]
    rows, columns = np.nonzero(active)
    magnitude = rng.uniform(0.5, 1.5, size=len(rows))
    x = np.zeros((count, DIMENSIONS))
    # Unbuffered and in the order of `nonzero`: sums in one order everywhere.
    np.add.at(x, rows, magnitude[:, None] * many_directions().astype(np.float64)[columns])
    return _portable(x)


def _portable(x: np.ndarray) -> np.ndarray:
    """Rounds to 2^-16, so that the last bits of another machine's log or sqrt change no byte."""
    return (np.rint(x * 65536) / 65536).astype(np.float32)
