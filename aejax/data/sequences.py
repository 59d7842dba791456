"""Toy sequences, generated from a fixed seed: sentences of tokens, and films of bouncing digits."""

from __future__ import annotations

from typing import Any

import numpy as np

from aejax.data import dataset as datasets
from aejax.data.dataset import Dataset

WORDS, LONGEST = 10, 7  # ids 2 .. 11 are words, 1 is the end, 0 is padding
FRAMES, CANVAS, SPRITE = 10, 8, 4
_SEED = 0


def load_toy_sequences(test_fraction: float = 0.2) -> Dataset:
    """Returns 2,000 sentences of 3 to 7 words and their end, float32 [N, 8], padded with 0.

    A sentence counts round a circle of 10 words: it starts anywhere, and each word follows its
    predecessor by a step that is the sentence's own, 1, 2 or 3 (its label), or, one time in four,
    by that step backwards. So there is something to compress, and something to remember.
    """
    random = np.random.RandomState(_SEED)  # its stream is frozen for good, unlike Generator's
    count = 2000
    step = random.randint(1, 4, count)
    signs = np.where(random.uniform(size=(count, LONGEST - 1)) < 1 / 4, -1, 1)
    turns = np.concatenate([np.zeros((count, 1), int), np.cumsum(signs, axis=1)], axis=1)
    words = 2 + (random.randint(0, WORDS, (count, 1)) + step[:, None] * turns) % WORDS
    length = random.randint(3, LONGEST + 1, (count, 1))
    sentences = np.zeros((count, LONGEST + 1), np.float32)
    at = np.arange(LONGEST + 1)
    sentences[:, :LONGEST] = np.where(at[:LONGEST] < length, words, 0)
    sentences[at == length] = 1
    return datasets.hold_out("toy_sequences", sentences, step.astype(np.int32), test_fraction)


def load_bouncing(test_fraction: float = 0.2) -> Dataset:
    """Returns 1,797 films of 10 frames of 8 x 8 pixels, uint8 [N, 10, 64]; the label is the digit.

    Each of scikit-learn's digits, shrunk to 4 x 4, moves on its own straight line, by one pixel or
    two a frame in each direction, and bounces off the walls. After Srivastava et al.
    2015, section 3.2.
    """
    from sklearn import datasets as sklearn_datasets  # over a second: only when asked for

    bunch: Any = sklearn_datasets.load_digits()
    count, random = len(bunch.images), np.random.RandomState(_SEED)
    sprites = bunch.images.reshape(count, SPRITE, 2, SPRITE, 2).mean(axis=(2, 4)) * (255 / 16)
    free = CANVAS - SPRITE
    place = random.randint(0, free + 1, (count, 2))
    speed = random.choice([-2, -1, 1, 2], (count, 2))
    films = np.zeros((count, FRAMES, CANVAS, CANVAS), np.uint8)
    for t in range(FRAMES):
        # A walk on a circle of twice the free length, folded, is a walk between two walls.
        at = (place + t * speed) % (2 * free)
        row, column = np.minimum(at, 2 * free - at).T
        for i in range(count):
            where = np.s_[row[i] : row[i] + SPRITE, column[i] : column[i] + SPRITE]
            films[i, t][where] = np.rint(sprites[i])
    return datasets.hold_out(
        "bouncing",
        films.reshape(count, FRAMES, CANVAS * CANVAS),
        bunch.target.astype(np.int32),
        test_fraction,
    )
