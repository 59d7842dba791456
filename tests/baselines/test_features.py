"""Features and classifiers without an autoencoder, against NumPy and known answers."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics.pairwise import rbf_kernel

from aejax.baselines import CLASSIFIERS, FEATURES


@pytest.fixture(scope="module")
def x():
    return np.random.RandomState(0).normal(size=(300, 6)).astype(np.float32) * np.arange(1, 7)


def test_pca_keeps_the_variance_of_the_first_singular_values(x):
    codes = FEATURES["pca"].fit(x, 0, components=2)(x)
    singular = np.linalg.svd(x - x.mean(0), compute_uv=False)
    np.testing.assert_allclose(np.square(codes).sum(0), np.square(singular[:2]), rtol=1e-4)


def test_pca_of_fewer_rows_than_components(x):
    assert FEATURES["pca"].fit(x[:4], 0, components=32)(x).shape == (300, 4)


def test_random_features_are_those_of_the_gaussian_kernel(x):
    codes = FEATURES["random_features"].fit(x, 0, units=20_000)(x[:20])
    wanted = rbf_kernel(x[:20], gamma=1 / (6 * x.var()))
    np.testing.assert_allclose(codes @ codes.T, wanted, atol=0.05)


def test_another_seed_draws_other_features(x):
    fit = FEATURES["random_features"].fit
    one, again, two = (fit(x, seed, units=8)(x) for seed in (0, 0, 1))
    assert (one == again).all()
    assert (one != two).any()


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_classes_apart_are_told_and_noise_is_not(name, x):
    method = CLASSIFIERS[name]
    options = {key: values[2] for key, values in method.grid.items()}
    labels = (x[:, 5] > 0).astype(int)
    told = method.fit(x[:200], labels[:200], 0, **options)(x[200:])
    assert (told == labels[200:]).mean() > 0.9
    noise = np.random.RandomState(1).randint(0, 2, 300)
    guessed = method.fit(x[:200], noise[:200], 0, **options)(x[200:])
    assert 0.3 < (guessed == noise[200:]).mean() < 0.7


def test_the_linear_classifier_does_not_see_scale_and_offset_of_the_codes(x):
    fit, labels = CLASSIFIERS["linear"].fit, (x[:, 5] > 1).astype(int)
    plain = fit(x, labels, 0, strength=0.1)(x)
    moved = fit(1e-3 * x + 5, labels, 0, strength=0.1)(1e-3 * x + 5)
    assert (plain == moved).mean() > 0.99
