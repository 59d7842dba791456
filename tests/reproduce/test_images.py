"""Which images a sheet shows."""

from __future__ import annotations

import numpy as np

from aejax.reproduce import of_most_contrast


def test_flat_images_are_shown_last():
    images = np.full((6, 4, 4, 1), 0.5, np.float32)
    images[4, :2] = 1.0
    images[1, 0, 0] = 1.0
    assert list(of_most_contrast(images, 2)) == [4, 1]
    assert len(of_most_contrast(images, 9)) == 6


def test_only_the_first_hundred_are_looked_at():
    images = np.zeros((120, 2, 2, 1), np.float32)
    images[110, 0] = 1.0
    assert list(of_most_contrast(images, 3)) == [0, 1, 2]  # of equal contrast the first
