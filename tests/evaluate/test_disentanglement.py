"""Disentanglement scores on ideal, bad and doubled codes, in disentanglement_lib's ranges.

Its data for these tests: ten independent factors of ten values each, observed as they are.
"""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import mutual_info_score

from aejax.errors import ConfigError
from aejax.evaluate.disentanglement import (
    completeness,
    dci,
    discretise,
    disentanglement,
    mutual_information,
    mutual_information_gap,
    separated_attribute_predictability,
)
from aejax.evaluate.factors import GroundTruth, draw, encode_factors
from aejax.evaluate.interventions import beta_vae_score, factor_vae_score

IDENTITY = GroundTruth((10,) * 10, lambda factors, rng: factors)
SAME, ZERO = lambda x: x, np.zeros_like
DOUBLED = lambda x: np.concatenate([x, x], axis=1)


_rng = np.random.default_rng(1)


def noise(x: np.ndarray) -> np.ndarray:
    """Other numbers at every call: with the same ones two observations would share their code."""
    return _rng.normal(size=x.shape)


def mixed(x: np.ndarray) -> np.ndarray:
    """Each row's factors in an order of its own: every unit holds a little of every factor."""
    return np.random.default_rng(0).permuted(x, axis=1)


def drawn(encode, n: int = 3000, seed: int = 0):
    return draw(IDENTITY, encode, n, np.random.default_rng(seed))


@pytest.mark.parametrize("bins", [None, 10])
@pytest.mark.parametrize(
    ("encode", "low", "high"),
    [(SAME, 0.9, 1.0), (ZERO, 0.0, 0.2), (DOUBLED, 0.0, 0.1), (mixed, 0.0, 0.2)],
)
def test_mutual_information_gap(encode, low, high, bins):
    found = mutual_information_gap(*drawn(encode), bins=bins)
    assert found.shape == (10,)
    assert low <= found.mean() <= high + 1e-12


@pytest.mark.parametrize(
    ("encode", "low", "high"),
    [(SAME, 0.9, 1.0), (ZERO, 0.0, 0.2), (DOUBLED, 0.0, 0.2), (noise, 0.0, 0.2)],
)
def test_separated_attribute_predictability(encode, low, high):
    found = separated_attribute_predictability(*drawn(encode))
    assert low <= found.mean() <= high + 1e-12


def test_separated_attribute_predictability_between_its_ends():
    """z_j = v_j + noise, and once more with more of it: shares of variance, in closed form."""
    rng = np.random.default_rng(0)
    factors = rng.integers(0, 10, (40_000, 3))
    variance = (10**2 - 1) / 12
    share = lambda spread: variance / (variance + spread**2)
    codes = [factors + spread * rng.normal(size=factors.shape) for spread in (1.0, 4.0)]
    found = separated_attribute_predictability(np.concatenate(codes, axis=1), factors)
    np.testing.assert_allclose(found, share(1.0) - share(4.0), atol=0.015)


def test_the_gap_of_a_noisy_channel_is_shannons():
    """A symbol of four comes through with probability p, and another one else: log 4 - H(p)."""
    rng = np.random.default_rng(0)
    factors = rng.integers(0, 4, (40_000, 2))

    def channel(right: float) -> np.ndarray:
        wrong = (factors + rng.integers(1, 4, factors.shape)) % 4
        return np.where(rng.random(factors.shape) < right, factors, wrong)

    def information(right: float) -> float:
        entropy = -right * np.log(right) - (1 - right) * np.log((1 - right) / 3)
        return np.log(4) - entropy

    codes = np.concatenate([channel(0.9), channel(0.6)], axis=1)
    found = mutual_information_gap(codes, factors, bins=None)
    expected = (information(0.9) - information(0.6)) / np.log(4)
    np.testing.assert_allclose(found, expected, atol=0.01)


def test_separated_attribute_predictability_of_classes():
    """Two classes: the factor's own unit is right always, another one half of the time."""
    rng = np.random.default_rng(0)
    factors, held = rng.integers(0, 2, (500, 3)), rng.integers(0, 2, (500, 3))
    found = separated_attribute_predictability(factors - 0.5, factors, held - 0.5, held)
    assert found.mean() == pytest.approx(0.5, abs=0.08)
    bad = rng.normal(size=(2, 500, 3))
    found = separated_attribute_predictability(bad[0], factors, bad[1], held)
    assert found.mean() < 0.1


@pytest.mark.parametrize(
    ("encode", "scores"),
    [
        (SAME, ((0.9, 1.0), (0.9, 1.0), (0.9, 1.0))),
        (mixed, ((0.0, 0.2), (0.0, 0.2), (0.0, 0.4))),
        # Two units for each factor: log 2 of log 10 is lost, in completeness alone.
        (DOUBLED, ((0.9, 1.0), (0.9 - np.log10(2), 1.1 - np.log10(2)), (0.9, 1.0))),
    ],
)
def test_disentanglement_completeness_informativeness(encode, scores):
    found = dci(*drawn(encode, 1000), *drawn(encode, 1000, 1), predictor="forest")
    measured = (found.disentanglement, found.completeness, found.informativeness)
    print(measured)
    for value, (low, high) in zip(measured, scores, strict=True):
        assert low <= value <= high + 1e-12
    assert found.importance.shape == (encode(np.ones((1, 10))).shape[1], 10)


def test_boosted_trees_as_the_library_uses_them():
    truth = GroundTruth((3, 4), lambda factors, rng: factors)
    sets = [draw(truth, DOUBLED, 300, np.random.default_rng(s)) for s in (0, 1)]
    found = dci(*sets[0], *sets[1])
    assert found.disentanglement > 0.95
    assert found.informativeness == 1.0
    sets = [draw(truth, SAME, 300, np.random.default_rng(s)) for s in (0, 1)]
    assert min(dci(*sets[0], *sets[1])[:3]) > 0.95
    sets = [draw(truth, mixed, 300, np.random.default_rng(s)) for s in (0, 1)]
    assert max(dci(*sets[0], *sets[1])[:2]) < 0.3


EYE = np.eye(5)


@pytest.mark.parametrize(
    ("importance", "modular", "compact"),
    [
        (5 * EYE, 1.0, 1.0),
        (np.eye(3, 2), 1.0, 1.0),  # a unit that matters for nothing
        (np.zeros((10, 10)), 0.0, 0.0),
        (np.vstack([EYE, EYE]), 1.0, 1 - np.log10(2)),  # two units a factor
        (np.hstack([EYE, EYE]), 1 - np.log10(2), 1.0),  # two factors a unit
        (EYE[:2], 1.0, 1.0),  # factors that no unit holds
        (np.ones((4, 4)), 0.0, 0.0),
    ],
)
def test_importances_in_closed_form(importance, modular, compact):
    assert disentanglement(importance) == pytest.approx(modular, abs=1e-9)
    assert completeness(importance) == pytest.approx(compact, abs=1e-9)


@pytest.mark.parametrize(
    ("encode", "low", "high"),
    [(SAME, 0.9, 1.0), (ZERO, 0.0, 0.2), (DOUBLED, 0.9, 1.0), (noise, 0.0, 0.2)],
)
def test_factor_vae_score(encode, low, high):
    found = factor_vae_score(IDENTITY, encode, 0, 5, 3000, 2000, 2500)
    assert low <= found.train <= high
    assert low <= found.test <= high
    assert found.standard_error < 0.02


@pytest.mark.parametrize(
    ("encode", "low", "high"),
    [(SAME, 0.9, 1.0), (ZERO, 0.0, 0.2), (DOUBLED, 0.9, 1.0), (noise, 0.0, 0.2)],
)
def test_beta_vae_score(encode, low, high):
    found = beta_vae_score(IDENTITY, encode, 0, 5, 2000, 2000)
    assert low <= found.train <= high
    assert low <= found.test <= high


def test_scores_do_not_depend_on_a_units_sign_and_scale():
    other = lambda x: -3.0 * x + 7.0
    for score in (mutual_information_gap, separated_attribute_predictability):
        np.testing.assert_allclose(score(*drawn(other)), score(*drawn(SAME)), rtol=1e-9)
    small = factor_vae_score(IDENTITY, other, 0, 5, 500, 500, 500)
    assert small == factor_vae_score(IDENTITY, SAME, 0, 5, 500, 500, 500)


def test_the_beta_vae_score_is_fooled_where_the_factor_vae_score_is_not():
    """Kim & Mnih 2018: a code of F - 1 factors suffices for one of the two."""
    three = GroundTruth((5, 5, 5), lambda factors, rng: factors.astype(float))
    lacking = lambda x: x[:, :2]
    assert beta_vae_score(three, lacking, 0, 20, 1000, 1000).test > 0.9
    assert factor_vae_score(three, lacking, 0, 20, 1000, 1000, 500).test < 0.9


def test_information_by_counting_is_scikit_learns():
    rng = np.random.default_rng(0)
    codes, factors = rng.normal(size=(400, 3)), rng.integers(0, 4, (400, 2))
    binned = discretise(codes, 20)
    assert binned.min() == 0
    assert binned.max() == 19
    expected = [[mutual_info_score(f, c) for f in factors.T] for c in binned.T]
    np.testing.assert_allclose(mutual_information(binned, factors), expected, rtol=1e-9)


def test_rendering_draws_what_is_no_factor_and_chunks_change_nothing():
    noisy = GroundTruth((3,), lambda factors, rng: factors + 0.01 * rng.normal(size=factors.shape))
    codes, factors = draw(noisy, SAME, 100, np.random.default_rng(0))
    assert 0 < np.abs(codes - factors).max() < 0.1
    rows = np.arange(50)[:, None] % 10 * np.ones((1, 10), np.int64)
    one, many = (encode_factors(IDENTITY, SAME, rows, np.random.default_rng(0), c) for c in (99, 7))
    np.testing.assert_array_equal(one, many)


def test_wrong_input_is_refused():
    with pytest.raises(ConfigError, match="every factor has one value"):
        mutual_information_gap(np.ones((4, 2)), np.ones((4, 2)))
    with pytest.raises(ConfigError, match="do not agree"):
        separated_attribute_predictability(np.ones((4, 2)), np.ones((5, 2)))
    with pytest.raises(ConfigError, match="Did you mean 'forest'"):
        dci(*drawn(SAME, 20), *drawn(SAME, 20), predictor="forrest")
    with pytest.raises(ConfigError, match="finite numbers"):
        draw(IDENTITY, lambda x: x[:, 0], 5, np.random.default_rng(0))
    constant = mutual_information_gap(np.eye(4)[:, :2], np.asarray([[0, 1, 0, 1], [7] * 4]).T)
    assert constant.shape == (1,)  # a factor of one value is left out
