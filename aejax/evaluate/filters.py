"""Filters as pictures: how local they are, how oriented, and how like a Gabor function.

Filters are [F, H, W], one a hidden unit. Nothing here depends on a filter's sign or scale.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from aejax.errors import ConfigError
from aejax.types import AnyArray, Array


def locality(filters: AnyArray, window: int) -> Array:
    """The greatest fraction of a filter's energy that a window of n x n pixels holds, [F].

    1 for a spot; (window / H)^2 for a flat filter. White noise is a little above the flat value, as
    the window is the best of many: compare with it, not with zero.

    Args:
      filters: [F, H, W]. A filter of zeros has 0.
      window: n, from 1 to the smaller side.

    Raises:
      ConfigError: a window that does not fit, filters that are no pictures.
    """
    _check(filters.shape)
    if not 1 <= window <= min(filters.shape[1:]):
        raise ConfigError(
            f"window={window!r} is out of range. Allowed: 1 to {min(filters.shape[1:])}."
        )
    energy = jnp.square(jnp.asarray(filters, jnp.float32))
    sums = jax.lax.reduce_window(energy, 0.0, jax.lax.add, (1, window, window), (1, 1, 1), "valid")
    total = energy.sum((1, 2))
    return sums.max((1, 2)) / jnp.where(total > 0, total, 1.0)


def orientation(filters: AnyArray) -> tuple[Array, Array]:
    """How much of a filter's spectrum has one orientation, and which.

    Equation: the resultant sum_k P(k) exp(2 i angle(k)) / sum_k P(k) of the power spectrum P,
    without its mean and within the circle of the Nyquist frequency, so that a square grid favours
    no direction. Its length is 1 less the circular variance of orientation (Ringach et al. 2002, of
    neurons); the spectrum is taken without the filter's mean, on a grid of twice its size.

    Args:
      filters: [F, H, W].

    Returns:
      (selectivity [F] from 0 to 1: 1 for a grating, about 0 for a round spot; white noise has a
      small value of its own by chance. angle [F] in radians from 0 to pi: the direction across the
      stripes, from the horizontal axis.)

    Raises:
      ConfigError: filters that are no pictures.
    """
    _check(filters.shape)
    f = jnp.asarray(filters, jnp.float32)
    size = 2 * max(f.shape[1:])
    f = f - f.mean((1, 2), keepdims=True)
    power = jnp.square(jnp.abs(jnp.fft.fft2(f, (size, size))))
    k = np.fft.fftfreq(size)
    inside = (np.hypot(k[:, None], k[None]) <= 0.5) & (np.hypot(k[:, None], k[None]) > 0)
    double = jnp.asarray(inside * np.exp(2j * np.arctan2(k[:, None], k[None])))
    resultant = jnp.sum(power * double[None], (1, 2))
    total = jnp.sum(power * jnp.asarray(inside, jnp.float32)[None], (1, 2))
    selectivity = jnp.abs(resultant) / jnp.where(total > 0, total, 1.0)
    return selectivity, jnp.mod(0.5 * jnp.angle(resultant), jnp.pi)


class Gabor(NamedTuple):
    """The best Gabor function of a filter: sizes in pixels, angles in radians."""

    explained: float  # fraction of the filter's energy, about its mean, from 0 to 1
    row: float
    column: float
    angle: float  # across the stripes, from the horizontal axis, 0 to pi
    wavelength: float
    width_across: float  # standard deviations of the envelope
    width_along: float


def _gabor(p: np.ndarray, row: np.ndarray, column: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The even and the odd Gabor function of p: their mixture holds amplitude and phase."""
    r0, c0, angle, frequency, across, along = p
    u = (column - c0) * np.cos(angle) + (row - r0) * np.sin(angle)
    v = -(column - c0) * np.sin(angle) + (row - r0) * np.cos(angle)
    envelope = np.exp(-0.5 * (np.square(u / across) + np.square(v / along)))
    return envelope * np.cos(2 * np.pi * frequency * u), envelope * np.sin(
        2 * np.pi * frequency * u
    )


def gabor_fit(filter_: np.ndarray) -> Gabor:
    """Fits envelope x cosine to one filter by least squares, from several beginnings.

    Jones & Palmer 1987: fraction of energy that the best Gabor function explains. Amplitude, phase
    and a constant are solved for linearly inside. Nine numbers are fitted: on 8 x 8 pixels white
    noise is explained to a fifth or more, so compare with a fit to noise of the same size.

    Args:
      filter_: [H, W].

    Returns:
      The fit. A constant filter is explained to 0.
    """
    from scipy.optimize import least_squares

    f = np.asarray(filter_, np.float64)
    _check(f[None].shape)
    f = f - f.mean()
    energy = np.square(f).sum()
    row, column = np.mgrid[: f.shape[0], : f.shape[1]].astype(float)
    side = float(max(f.shape))
    if energy == 0:
        return Gabor(0.0, 0.0, 0.0, 0.0, side, side, side)
    target = f.reshape(-1) / np.sqrt(energy)

    def residual(p: np.ndarray) -> np.ndarray:
        even, odd = _gabor(p, row, column)
        basis = np.stack([even.reshape(-1), odd.reshape(-1), np.ones(f.size)], axis=1)
        return basis @ np.linalg.lstsq(basis, target, rcond=None)[0] - target

    # Beginnings: the centre of energy, the spectrum's peak or the whole's angle, two sizes.
    weight = np.square(f) / energy
    centre = (weight * row).sum(), (weight * column).sum()
    grid = np.fft.fftfreq(2 * int(side))
    power = np.square(np.abs(np.fft.fft2(f, (len(grid), len(grid)))))
    peak = np.unravel_index(np.argmax(power), power.shape)
    at_peak = np.arctan2(grid[peak[0]], grid[peak[1]]) % np.pi
    frequency = float(np.hypot(grid[peak[0]], grid[peak[1]]))
    low = [-1.0, -1.0, -2 * np.pi, 0.0, 0.5, 0.5]
    high = [f.shape[0], f.shape[1], 3 * np.pi, 0.5, side, side]
    best = None
    for angle in (at_peak, float(orientation(jnp.asarray(f[None]))[1][0])):
        for width in (side / 8, side / 3):
            start = np.clip([*centre, angle, frequency, width, width], low, high)
            found = least_squares(residual, start, bounds=(low, high))
            if best is None or found.cost < best.cost:
                best = found
    assert best is not None
    r0, c0, angle, frequency, across, along = best.x
    explained = 1.0 - 2.0 * float(best.cost)
    period = 1.0 / frequency if frequency > 0 else float("inf")
    return Gabor(explained, r0, c0, angle % np.pi, period, across, along)


def _check(shape: tuple[int, ...]) -> None:
    if len(shape) != 3:
        raise ConfigError(f"filters have shape {shape}. Allowed: [F, H, W].")
