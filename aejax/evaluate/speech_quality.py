"""How near a recording is to the clean one, whatever its loudness: SI-SDR."""

from __future__ import annotations

import numpy as np

from aejax.errors import ConfigError


def si_sdr(clean: np.ndarray, estimate: np.ndarray) -> np.ndarray:
    """Returns the scale-invariant signal-to-distortion ratio [...], in decibels.

    Equation: 10 log10(|a s|^2 / |a s - e|^2) with a = <e, s> / |s|^2. Le Roux, Wisdom, Erdogan &
    Hershey 2019. Means are not taken off.

    Infinite where the estimate is the clean recording at any loudness, minus infinity where it has
    nothing of it, NaN where either is silent.

    Args:
      clean: s, [..., T].
      estimate: e, the same shape.

    Raises:
      ConfigError: other shapes, or no samples.
    """
    clean, estimate = np.asarray(clean, np.float64), np.asarray(estimate, np.float64)
    if clean.shape != estimate.shape or not clean.ndim or not clean.shape[-1]:
        raise ConfigError(
            f"si_sdr got shapes {clean.shape} and {estimate.shape}. Allowed: [..., T] both, T of 1 "
            "or more."
        )
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = (clean * estimate).sum(-1) / np.square(clean).sum(-1)
        target = factor[..., None] * clean
        wanted, rest = np.square(target).sum(-1), np.square(target - estimate).sum(-1)
        return 10 * np.log10(wanted / rest)


def si_sdr_gain(clean: np.ndarray, before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Returns by how much the SI-SDR of `after` is above that of `before` [...], in decibels.

    Args, raises: as in `si_sdr`. Doing nothing has a gain of 0.
    """
    return si_sdr(clean, after) - si_sdr(clean, before)
