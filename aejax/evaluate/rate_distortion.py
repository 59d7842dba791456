"""Rate and distortion: the front of a codec's settings, and its quality at a given rate."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from aejax.errors import ConfigError


def bits_per_pixel(size: int, images: np.ndarray) -> float:
    """Returns the bits a pixel of `size` bytes for images [N, H, W, C]; channels are no pixels."""
    return 8 * size / float(np.prod(images.shape[:3]))


def front(rates: Sequence[float], qualities: Sequence[float]) -> list[int]:
    """Returns which settings are on the front, by increasing rate.

    A setting is on it unless another has a quality at least as high at a rate at most as high; of
    equal ones the first is.

    Raises:
      ConfigError: no setting, or lists of two lengths.
    """
    _check(rates, qualities)
    kept: list[int] = []
    for i in sorted(range(len(rates)), key=lambda i: (rates[i], -qualities[i])):
        if not kept or qualities[i] > qualities[kept[-1]]:
            kept.append(i)
    return kept


def quality_at(rate: float, rates: Sequence[float], qualities: Sequence[float]) -> float:
    """Returns the quality at a rate, linear between settings in the rate's logarithm.

    Args:
      rate: above 0.
      rates: of the settings, above 0, in any order.
      qualities: theirs, such as decibels, which are linear in the logarithm of a rate where noise
        is small.

    Returns:
      The quality; NaN beyond the rates of the settings, where there is none.

    Raises:
      ConfigError: no setting, or lists of two lengths.
    """
    _check(rates, qualities)
    order = np.argsort(rates)
    x, y = np.log(np.asarray(rates, float)[order]), np.asarray(qualities, float)[order]
    at = np.log(rate)
    return float(np.interp(at, x, y)) if x[0] <= at <= x[-1] else float("nan")


def _check(rates: Sequence[float], qualities: Sequence[float]) -> None:
    if not len(rates) or len(rates) != len(qualities):
        raise ConfigError(
            f"{len(rates)} rates and {len(qualities)} qualities. Allowed: one or more, as many of "
            "each."
        )
