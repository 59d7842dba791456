"""What a picture is made of, as arrays: lines of small images, clouds of points, lines of words."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

ACROSS = 10  # images in a line


class Strip(NamedTuple):
    """Images [n, H, W], ten a line. Signed ones are drawn in red and blue, each over its largest.

    `low` and `high` are the values of black and white of the others.
    """

    label: str
    images: np.ndarray
    signed: bool = False
    low: float = 0.0
    high: float = 1.0


class Cloud(NamedTuple):
    """Points [M, 2] in the plane of a code, and the class of each or None."""

    label: str
    points: np.ndarray
    labels: np.ndarray | None = None


class Clouds(NamedTuple):
    """Clouds side by side, on the same axes where they are to be compared."""

    label: str
    clouds: tuple[Cloud, ...]
    same_axes: bool = True


class Words(NamedTuple):
    """Lines of words, each of the width of the panel at most."""

    label: str
    lines: tuple[str, ...]


Panel = Strip | Clouds | Words
