"""Frechet distance, precision and recall: closed forms, brute force, equal and disjoint sets."""

from __future__ import annotations

import jax
import numpy as np
import pytest
from scipy import linalg

from aejax.data import load
from aejax.errors import ConfigError
from aejax.evaluate.feature_space import FeatureSpace, classifier_space
from aejax.evaluate.sample_quality import (
    frechet_distance,
    gaussian_frechet,
    precision_recall,
    sample_quality,
)
from aejax.models import undercomplete, vae
from tests.models import linear_gaussian as lg

RNG = np.random.default_rng(0)


def test_gaussians_in_closed_form():
    """Diagonal: sum (s - s')^2 and the means' distance. Full: scipy's matrix root."""
    s, t = np.asarray([1.0, 2.0, 0.0]), np.asarray([0.5, 2.5, 0.7])
    found = gaussian_frechet(np.zeros(3), np.diag(s**2), np.asarray([1.0, 0, 2]), np.diag(t**2))
    assert found == pytest.approx(5 + np.square(s - t).sum())
    a, b = (m @ m.T for m in RNG.normal(size=(2, 4, 4)))
    root = np.real(linalg.sqrtm(a @ b))
    expected = np.trace(a + b - 2 * root)
    assert gaussian_frechet(np.ones(4), a, np.ones(4), b) == pytest.approx(expected, rel=1e-6)


def test_samples_come_to_the_closed_form():
    x = RNG.normal(size=(40_000, 2)) * [1.0, 2.0]
    y = RNG.normal(size=(40_000, 2)) * [1.5, 1.0] + [0.5, 0.0]
    assert frechet_distance(x, y) == pytest.approx(0.25 + 0.25 + 1.0, rel=0.03)
    assert frechet_distance(x, y) == pytest.approx(frechet_distance(y, x))
    assert frechet_distance(x, x) == pytest.approx(0.0, abs=1e-9)
    assert frechet_distance(x[:, :1], x[:, :1] + 3) == pytest.approx(9.0)
    assert frechet_distance(x[:3], x[:3]) == pytest.approx(0.0, abs=1e-9)  # a singular covariance


def test_equal_and_disjoint_sets():
    x = RNG.normal(size=(300, 5))
    assert precision_recall(x, x)[:2] == (1.0, 1.0)
    assert precision_recall(x, x + 100)[:2] == (0.0, 0.0)
    alike = precision_recall(x, RNG.normal(size=(300, 5)))
    assert min(alike[:2]) > 0.7


def test_a_lost_mode_costs_recall_and_a_false_one_precision():
    modes = np.concatenate([RNG.normal(size=(150, 2)), RNG.normal(size=(150, 2)) + 50])
    one = RNG.normal(size=(300, 2))
    lost, false = precision_recall(modes, one), precision_recall(one, modes)
    assert lost.precision > 0.9
    assert lost.recall == pytest.approx(0.5, abs=0.05)
    assert false.precision == pytest.approx(0.5, abs=0.05)
    assert false.recall > 0.9
    assert lost.recall_error == pytest.approx(0.5 / np.sqrt(300), rel=0.01)


@pytest.mark.parametrize(("neighbours", "chunk"), [(1, 512), (3, 7)])
def test_precision_and_recall_by_brute_force(neighbours, chunk):
    real, fake = RNG.normal(size=(40, 3)), RNG.normal(size=(30, 3)) + 0.7

    def covered(points: np.ndarray, centres: np.ndarray) -> float:
        gaps = np.linalg.norm(centres[:, None] - centres[None], axis=-1)
        radius = np.sort(gaps, axis=1)[:, neighbours]
        return np.mean([(np.linalg.norm(centres - p, axis=1) <= radius).any() for p in points])

    found = precision_recall(real, fake, neighbours, chunk)
    assert found[:2] == pytest.approx((covered(fake, real), covered(real, fake)))


def test_samples_of_a_model_that_is_right_and_of_one_that_is_off():
    """Means of a linear decoder are N(b, W'W); a decoder moved by 2 is 2^2 D away."""
    model = vae(4, latent=2, widths=(), likelihood="gaussian")
    w, b = lg.loading(0, 2, 4)
    real = (RNG.normal(size=(4000, 2)) @ w + b).astype(np.float32)
    pixels = FeatureSpace("the numbers themselves", np.asarray, 0.0)
    right, off = (
        sample_quality(model, lg.variables(w, b + by, 1, 0), jax.random.key(0), real, pixels)
        for by in (0.0, 2.0)
    )
    print(right, off)
    assert right.space == "the numbers themselves"
    assert right.frechet < 0.05
    assert right.frechet_of_halves < 0.05
    assert off.frechet == pytest.approx(16.0, rel=0.05)
    assert min(right.precision, right.recall) > 0.9
    assert off.precision < 0.2
    plain = undercomplete(4, latent=2, widths=())
    with pytest.raises(ConfigError, match="no prior to sample from"):
        sample_quality(plain, {}, jax.random.key(0), real, pixels)


def test_wrong_input_is_refused():
    with pytest.raises(ConfigError, match="one number D"):
        frechet_distance(np.ones((4, 2)), np.ones((4, 3)))
    with pytest.raises(ConfigError, match="more rows than neighbours"):
        precision_recall(np.ones((4, 2)), np.ones((3, 2)))
    with pytest.raises(ConfigError, match="Allowed: finite"):
        frechet_distance(np.full((4, 2), np.nan), np.ones((4, 2)))


@pytest.mark.slow
def test_a_classifiers_features_tell_digits_from_noise():
    digits = load("digits")
    space = classifier_space(digits, size=16, width=32, steps=300)
    assert space.error < 0.1
    assert "digits" in space.name
    assert "Inception" not in space.name
    halves = [space.features(digits.test[i::2]) for i in range(2)]
    assert halves[0].shape[1] == 16
    same = frechet_distance(*halves)
    noise = RNG.integers(0, 256, digits.test.shape, dtype=np.uint8)
    far = frechet_distance(halves[0], space.features(noise))
    print("halves", same, "noise", far)
    assert far > 5 * same
    assert precision_recall(*halves).precision > 0.5
    by_name = classifier_space("digits", size=16, width=32, steps=300)
    assert by_name.name == space.name
    assert by_name.error == space.error
    with pytest.raises(ConfigError, match="has no labels"):
        classifier_space(digits._replace(train_labels=None))
