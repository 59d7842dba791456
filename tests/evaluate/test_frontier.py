"""Errors at one L0, shrinkage and recovery, against closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest

from aejax.evaluate.frontier import error_at, recovery, shrinkage

RNG = np.random.default_rng(0)


def test_a_power_law_is_read_exactly_and_not_beyond_its_runs():
    active = np.asarray([8.0, 1.0, 2.0])
    error = 3 * active**-0.7
    for l0 in (1.0, 1.3, 2.0, 5.0, 8.0):
        assert error_at(l0, active, error) == pytest.approx(3 * l0**-0.7)
    assert math.isnan(error_at(0.9, active, error))
    assert math.isnan(error_at(8.1, active, error))


@pytest.mark.parametrize("scale", [0.5, 0.9, 1.0, 1.2])
def test_shrinkage_is_the_factor_of_a_scaled_projection(scale):
    """A projection is unbiased: only what scales it is shrinkage, whatever it leaves out."""
    x = RNG.normal(size=(500, 6)) + 3.0
    basis = np.linalg.qr(RNG.normal(size=(6, 2)))[0]
    centred = x - x.mean(0)
    out = x.mean(0) + scale * centred @ basis @ basis.T
    assert shrinkage(x, out) == pytest.approx(scale)


def test_shrinkage_is_the_best_scale():
    x = RNG.normal(size=(200, 4))
    out = x * 0.7 + 0.3 * RNG.normal(size=x.shape)
    centred, about = x - x.mean(0), out - x.mean(0)
    tried = np.linspace(0.2, 2.0, 20_001)
    losses = [np.square(about / each - centred).sum() for each in tried]
    assert shrinkage(x, out) == pytest.approx(tried[np.argmin(losses)], abs=1e-3)


def test_recovery_of_a_permuted_scaled_dictionary_is_one_and_of_a_random_one_is_not():
    planted = RNG.normal(size=(10, 16))
    found = np.concatenate([planted[RNG.permutation(10)] * 3.0, np.zeros((2, 16))])
    np.testing.assert_allclose(recovery(found, planted), 1.0)
    np.testing.assert_allclose(recovery(-planted[:1], planted[:1]), -1.0)
    assert recovery(RNG.normal(size=(10, 16)), planted).mean() < 0.8
