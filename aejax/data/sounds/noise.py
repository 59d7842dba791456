"""Noise for recordings, at a stated signal-to-noise ratio."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from aejax.errors import ConfigError

TALKERS = 6  # of babble


def white(random: np.random.RandomState, length: int, talk: Sequence[np.ndarray]) -> np.ndarray:
    """Gaussian noise, independent from sample to sample."""
    return random.normal(size=length)


def babble(random: np.random.RandomState, length: int, talk: Sequence[np.ndarray]) -> np.ndarray:
    """Six talkers at once, equally loud, each saying recordings one after the other.

    Each begins somewhere in his first recording, so that beginnings do not coincide.
    """
    total = np.zeros(length)
    for _ in range(TALKERS):
        said: list[np.ndarray] = []
        have, skip = 0, 0
        while have - skip < length:
            wave = talk[random.randint(len(talk))]
            said.append(wave / np.sqrt(np.mean(np.square(wave, dtype=np.float64))))
            skip = skip if have else random.randint(len(wave))
            have += len(wave)
        total += np.concatenate(said)[skip : skip + length]
    return total


# (random, samples, recordings for those who talk) -> noise [T] of any loudness.
NOISES: dict[str, Callable[[np.random.RandomState, int, Sequence[np.ndarray]], np.ndarray]] = {
    "white": white,
    "babble": babble,
}


def at_level(clean: np.ndarray, noise: np.ndarray, snr: float) -> np.ndarray:
    """Returns a recording with noise at a signal-to-noise ratio over its whole length.

    Equation: SNR = 10 log10(sum s^2 / sum n^2).

    Args:
      clean: [T].
      noise: [T], of any loudness.
      snr: in decibels.

    Returns:
      [T] float32.

    Raises:
      ConfigError: other shapes, or one of the two is silent.
    """
    clean, noise = np.asarray(clean, np.float64), np.asarray(noise, np.float64)
    powers = [float(np.square(each).sum()) for each in (clean, noise)]
    if clean.shape != noise.shape or not min(powers) > 0:
        raise ConfigError(
            f"at_level got shapes {clean.shape} and {noise.shape}, energies {powers[0]:g} and "
            f"{powers[1]:g}. Allowed: [T] both, neither silent."
        )
    scale = np.sqrt(powers[0] / powers[1] / 10 ** (snr / 10))
    return (clean + scale * noise).astype(np.float32)
