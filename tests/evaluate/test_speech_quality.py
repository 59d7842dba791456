"""SI-SDR against closed forms: orthogonal noise, any loudness, perfect and foreign estimates."""

import numpy as np
import pytest

from aejax.errors import ConfigError
from aejax.evaluate.speech_quality import si_sdr, si_sdr_gain

RANDOM = np.random.RandomState(0)
CLEAN = RANDOM.normal(size=(3, 400))
# Of the same energy as the clean recording, and orthogonal to it.
NOISE = RANDOM.normal(size=CLEAN.shape)
NOISE -= (NOISE * CLEAN).sum(-1, keepdims=True) / np.square(CLEAN).sum(-1, keepdims=True) * CLEAN
NOISE *= np.sqrt(np.square(CLEAN).sum(-1) / np.square(NOISE).sum(-1))[:, None]


def test_orthogonal_noise_is_the_ratio_of_the_energies():
    for share, expected in ((1.0, 0.0), (0.1, 20.0), (10.0, -20.0)):
        np.testing.assert_allclose(si_sdr(CLEAN, CLEAN + share * NOISE), expected, atol=1e-9)


def test_neither_loudness_nor_sign_counts():
    near = CLEAN + 0.3 * RANDOM.normal(size=CLEAN.shape)
    for factor in (0.01, 7.0, -2.0):
        np.testing.assert_allclose(si_sdr(CLEAN, factor * near), si_sdr(CLEAN, near))
        np.testing.assert_allclose(si_sdr(factor * CLEAN, near), si_sdr(CLEAN, near))


def test_it_is_the_cosine_of_an_angle():
    """With c the cosine between the two, SI-SDR = 10 log10(c^2 / (1 - c^2))."""
    other = RANDOM.normal(size=CLEAN.shape) + 0.5 * CLEAN
    norms = np.linalg.norm(CLEAN, axis=-1) * np.linalg.norm(other, axis=-1)
    squared = np.square((CLEAN * other).sum(-1) / norms)
    np.testing.assert_allclose(si_sdr(CLEAN, other), 10 * np.log10(squared / (1 - squared)))


def test_the_example_of_torchmetrics():
    """Its documentation of scale_invariant_signal_distortion_ratio prints 18.4030."""
    found = si_sdr(np.array([3.0, -0.5, 2.0, 7.0]), np.array([2.5, 0.0, 2.0, 8.0]))
    assert found == pytest.approx(18.4030, abs=5e-5)


def test_perfect_foreign_and_silent_estimates():
    one = np.array([1.0, 0.0])
    assert si_sdr(one, 3 * one) == np.inf
    assert si_sdr(one, np.array([0.0, 1.0])) == -np.inf
    assert np.isnan(si_sdr(one, 0 * one))
    assert np.isnan(si_sdr(0 * one, one))


def test_a_gain_is_a_difference_and_nothing_gains_nothing():
    before, after = CLEAN + NOISE, CLEAN + 0.1 * NOISE
    np.testing.assert_allclose(si_sdr_gain(CLEAN, before, after), 20)
    np.testing.assert_array_equal(si_sdr_gain(CLEAN, before, before), 0)


@pytest.mark.parametrize("shapes", [((3, 4), (3, 5)), ((), ()), ((0,), (0,))])
def test_shapes_that_differ_are_refused(shapes):
    with pytest.raises(ConfigError, match="Allowed") as error:
        si_sdr(*(np.zeros(shape) for shape in shapes))
    assert "\n" not in str(error.value)
