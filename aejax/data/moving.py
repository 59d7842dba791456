"""Moving digits: films of two digits that bounce off the walls, made on the fly at any size."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

CANVAS, DIGIT, STEP = 64, 28, 0.1  # pixels a side; of a frame's free side, a frame
AT_ONCE = 256  # films that are drawn at full size together


class Films(NamedTuple):
    """Films of coarse frames, and what their full size has beside.

    `frames`: float32 [N, T, S * S] on [0, 1], means of blocks of (64 / S)^2 pixels. `within`:
    float64 [N, T], the squared differences of a full frame's pixels from the means of their blocks,
    summed: what any picture that is constant on blocks has as its least squared error.
    """

    frames: np.ndarray
    within: np.ndarray


def enlarged(digits: np.ndarray) -> np.ndarray:
    """Returns digits [N, H, W] as large as MNIST's: whole pixels repeated, a margin of zeros.

    Their values stay as they are; 28 x 28 stays 28 x 28, and 8 x 8 is 24 x 24 in a margin of two.
    """
    times = DIGIT // max(digits.shape[1:])
    large = digits.repeat(times, axis=1).repeat(times, axis=2)
    high, wide = (DIGIT - side for side in large.shape[1:])
    return np.pad(large, ((0, 0), (high // 2, high - high // 2), (wide // 2, wide - wide // 2)))


def walks(random: np.random.RandomState, count: int, frames: int) -> np.ndarray:
    """Returns places of the upper left corners, int [count, frames, 2], in pixels.

    A straight walk in a direction drawn evenly, of a tenth of the free side a frame, that starts
    anywhere and turns round at the walls: the rule of Srivastava et al. 2015, section 3.2 in words,
    with the step of the code that later work makes the films by.
    """
    at = random.uniform(size=(count, 2))
    angle = random.uniform(0, 2 * np.pi, count)
    speed = STEP * np.stack([np.sin(angle), np.cos(angle)], axis=1)
    places = np.empty((count, frames, 2))
    for t in range(frames):
        at = at + speed
        beyond = (at <= 0) | (at >= 1)
        at, speed = np.clip(at, 0, 1), np.where(beyond, -speed, speed)
        places[:, t] = at
    return (places * (CANVAS - DIGIT)).astype(int)


def moving_digits(digits: np.ndarray, seed: int, count: int, frames: int, side: int) -> Films:
    """Returns films of two digits each; where both are, the lighter pixel is seen.

    Args:
      digits: float [N, H, W] on [0, 1], at most 28 pixels a side; drawn from with replacement.
      seed: of the digits and their walks.
      count: films.
      frames: of a film.
      side: pixels a side of a frame, a divisor of 64; full frames are averaged over blocks.
    """
    random, digits = np.random.RandomState(seed), enlarged(np.asarray(digits, np.float32))
    which = random.randint(0, len(digits), (count, 2))
    places = np.stack([walks(random, count, frames) for _ in range(2)], axis=1)
    block = CANVAS // side
    coarse = np.empty((count, frames, side * side), np.float32)
    within = np.empty((count, frames))
    for start in range(0, count, AT_ONCE):
        part = slice(start, min(start + AT_ONCE, count))
        full = np.zeros((part.stop - start, frames, CANVAS, CANVAS), np.float32)
        for i in range(start, part.stop):
            for digit, walk in zip(which[i], places[i], strict=True):
                for t, (row, column) in enumerate(walk):
                    seen = full[i - start, t, row : row + DIGIT, column : column + DIGIT]
                    np.maximum(seen, digits[digit], out=seen)
        blocks = full.reshape(*full.shape[:2], side, block, side, block)
        means = blocks.mean(axis=(3, 5))
        coarse[part] = means.reshape(*full.shape[:2], -1)
        squares = np.square(full).sum(axis=(2, 3), dtype=np.float64)
        within[part] = squares - block**2 * np.square(means).sum(axis=(2, 3), dtype=np.float64)
    return Films(coarse, within)
