"""Local, oriented, Gabor-like: filters made to be one or the other."""

from __future__ import annotations

import jax
import numpy as np
import pytest

from aejax.errors import ConfigError
from aejax.evaluate.filters import gabor_fit, locality, orientation

RNG = np.random.default_rng(0)
SIDE = 16
ROW, COLUMN = np.mgrid[:SIDE, :SIDE].astype(float)


def grating(angle: float, period: float, phase: float = 0.3) -> np.ndarray:
    across = COLUMN * np.cos(angle) + ROW * np.sin(angle)
    return np.cos(2 * np.pi * across / period + phase)


def spot(row: float, column: float, width: float) -> np.ndarray:
    return np.exp(-0.5 * (np.square(ROW - row) + np.square(COLUMN - column)) / width**2)


def test_locality_is_the_best_windows_share():
    filters = RNG.normal(size=(5, 9, 7))
    for window in (1, 3, 7):
        best = [
            max(
                np.square(f[r : r + window, c : c + window]).sum()
                for r in range(10 - window)
                for c in range(8 - window)
            )
            / np.square(f).sum()
            for f in filters
        ]
        np.testing.assert_allclose(locality(filters, window), best, rtol=1e-5)


def test_locality_at_its_ends():
    point = np.zeros((SIDE, SIDE))
    point[3, 15] = -2.0
    flat, nothing = np.ones((SIDE, SIDE)), np.zeros((SIDE, SIDE))
    found = locality(np.stack([point, flat, nothing, spot(8, 8, 1.0)]), 4)
    np.testing.assert_allclose(found[:3], [1.0, 1 / 16, 0.0], rtol=1e-5)
    assert found[3] > 0.9


@pytest.mark.parametrize("angle", [0.0, 0.5, np.pi / 2, 2.5])
def test_orientation_finds_the_angle_of_a_grating(angle):
    selectivity, found = orientation(np.stack([grating(angle, 5.0), -3 * grating(angle, 5.0)]))
    assert (np.asarray(selectivity) > 0.85).all()
    turn = np.abs(np.angle(np.exp(2j * (np.asarray(found) - angle)))) / 2
    assert (turn < 0.05).all()


def test_spots_and_noise_have_no_orientation():
    spots = np.stack([spot(8, 8, 1.5), spot(5, 9, 2.0)])
    assert (np.asarray(orientation(spots)[0]) < 0.08).all()
    noise = RNG.normal(size=(200, SIDE, SIDE))
    assert np.mean(orientation(noise)[0]) < 0.15
    # No direction is favoured by the square grid: the resultants of noise cancel.
    selectivity, angle = orientation(RNG.normal(size=(2000, 8, 8)))
    assert abs(np.mean(np.asarray(selectivity) * np.exp(2j * np.asarray(angle)))) < 0.02
    assert float(orientation(np.ones((1, 8, 8)))[0][0]) < 1e-3


def test_filters_go_through_jit_and_vmap():
    members = RNG.normal(size=(3, 4, 8, 8)).astype(np.float32)
    both = jax.jit(jax.vmap(lambda f: (locality(f, 3), orientation(f)[0])))(members)
    for i, filters in enumerate(members):
        np.testing.assert_allclose(both[0][i], locality(filters, 3), rtol=1e-5)
        np.testing.assert_allclose(both[1][i], orientation(filters)[0], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(("angle", "period", "across"), [(0.7, 6.0, 2.5), (2.2, 4.0, 2.0)])
def test_a_gabor_function_is_found_again(angle, period, across):
    u = (COLUMN - 7) * np.cos(angle) + (ROW - 9) * np.sin(angle)
    v = -(COLUMN - 7) * np.sin(angle) + (ROW - 9) * np.cos(angle)
    envelope = np.exp(-0.5 * (np.square(u / across) + np.square(v / 3.0)))
    found = gabor_fit(-4.0 * envelope * np.cos(2 * np.pi * u / period + 0.4) + 0.5)
    assert found.explained > 0.999
    assert found.wavelength == pytest.approx(period, rel=0.02)
    assert (found.row, found.column) == pytest.approx((9, 7), abs=0.1)
    assert abs(np.angle(np.exp(2j * (found.angle - angle)))) < 0.04
    assert (found.width_across, found.width_along) == pytest.approx((across, 3.0), rel=0.05)


def test_noise_is_no_gabor_function():
    """8 x 8 pixels and nine numbers: about a fifth of noise is explained, never most."""
    found = [gabor_fit(f).explained for f in RNG.normal(size=(12, 8, 8))]
    print("explained of noise", np.mean(found), max(found))
    assert 0.1 < np.mean(found) < 0.45
    assert max(found) < 0.6
    edge = np.sign(COLUMN[:8, :8] - 3.5) * spot(3.5, 3.5, 2.0)[:8, :8]
    assert gabor_fit(edge).explained > 0.9
    assert gabor_fit(np.ones((8, 8))).explained == 0.0


def test_wrong_shapes_are_refused():
    with pytest.raises(ConfigError, match=r"Allowed: \[F, H, W\]"):
        orientation(np.ones((4, 64)))
    with pytest.raises(ConfigError, match="window=9 is out of range"):
        locality(np.ones((1, 8, 8)), 9)
