"""Curves through three random points, the set whose six degrees of freedom a code can find.

After Hinton & Salakhutdinov 2006, supplement. Their file is no longer available; what the text
says of it (three random points, a smooth curve through them, ink, 28 x 28) is kept. What it does
not say, the pen and the square that the points lie in, is chosen so that the mean image and 18
principal components have about the paper's errors, 16 to 18 and 5.90. What a deep network reaches
on these curves stands beside the paper's number, and is not the same.
"""

from __future__ import annotations

import numpy as np

from aejax.data import dataset as datasets
from aejax.data.dataset import Dataset

TRAIN, TEST, SIDE = 20_000, 10_000, 28
PEN = 1.4  # pixels from the middle of the line to where the ink ends
DABS = 48  # places along the curve at which the pen is set down
_MARGIN = 7.0  # pixels at the border that no point lies in; the curve itself may bulge into it
_SEED = 0


def load_curves() -> Dataset:
    """Returns 20,000 training and 10,000 test images of curves, uint8 [N, 28, 28, 1].

    Each is the natural cubic spline through three points drawn uniformly from a square, taken in
    the order of their x, so that an image has one set of six numbers behind it and no other.
    """
    points = three_points(TRAIN + TEST)
    parts = [points[i : i + 5_000] for i in range(0, len(points), 5_000)]
    images = np.concatenate([ink(spline(part)) for part in parts])[..., None]
    return datasets.make("curves", images[:TRAIN], images[TRAIN:])


def three_points(count: int) -> np.ndarray:
    """Returns the points [count, 3, 2] as (x, y) in pixels, in order of x."""
    drawn = np.random.RandomState(_SEED).random_sample((count, 3, 2))
    drawn[..., 0] = np.sort(drawn[..., 0], axis=1)
    return _MARGIN + (SIDE - 2 * _MARGIN) * drawn


def spline(points: np.ndarray, dabs: int = DABS) -> np.ndarray:
    """Returns places [N, dabs, 2] on the natural cubic splines through points [N, 3, 2].

    The knots are 0, 1 and 2, so the second derivative is 0 at the ends and, by the one equation
    that is left, 3/2 (p0 - 2 p1 + p2) in the middle.
    """
    first, middle, last = (points[:, None, i] for i in range(3))
    bend = 1.5 * (first - 2 * middle + last)
    t = np.linspace(0, 2, dabs)[None, :, None]
    u = np.minimum(t, 2 - t)  # from the nearer end: the two pieces mirror each other
    end = np.where(t < 1, first, last)
    return end + u * (middle - end) + bend * (u**3 - u) / 6


def ink(places: np.ndarray, pen: float = PEN) -> np.ndarray:
    """Returns uint8 images [N, 28, 28] of lines through places [N, K, 2], (x, y) in pixels.

    A pixel's grey falls with the squared distance of its centre from the nearest place, from white
    to black at `pen` pixels; no transcendental function, so that all machines agree on each byte.
    """
    count, reach = len(places), int(np.ceil(pen))
    pad = reach + 2  # a bulge may leave the picture; what it inks there is cut away
    side = SIDE + 2 * pad
    nearest = np.full((count, side, side), pen * pen)
    rows = np.arange(count)
    for k in range(places.shape[1]):
        x, y = np.clip(places[:, k].T + pad, reach + 0.5, side - reach - 1.5)
        column, row = np.floor(x).astype(int), np.floor(y).astype(int)
        for i in range(-reach, reach + 1):
            for j in range(-reach, reach + 1):
                at = (rows, row + i, column + j)
                away = (x - column - j - 0.5) ** 2 + (y - row - i - 0.5) ** 2
                nearest[at] = np.minimum(nearest[at], away)
    grey = 255 * (1 - nearest[:, pad:-pad, pad:-pad] / (pen * pen))
    return np.rint(grey).astype(np.uint8)
