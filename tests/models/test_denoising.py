"""The denoising autoencoder, and the corruptions against their definitions."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import aejax
from aejax.corruptions.noise import additive_gaussian, masking, salt_and_pepper

DIGITS = aejax.data.load("digits")
X = jnp.full((400, 50), 0.5)
N = X.size


def corrupt(corruption, level):
    return corruption().apply(jax.random.key(3), X, {"corruption": jnp.float32(level)})


@pytest.mark.parametrize("level", [0.0, 0.1, 0.5, 1.0])
def test_masking_zeroes_a_fraction_nu_and_leaves_the_rest(level):
    seen, corrupted = corrupt(masking, level)
    np.testing.assert_array_equal(seen == 0, corrupted)
    np.testing.assert_array_equal(seen[~corrupted], 0.5)
    assert abs(corrupted.mean() - level) <= 4 * np.sqrt(level * (1 - level) / N)


@pytest.mark.parametrize("level", [0.1, 0.5])
def test_salt_and_pepper_is_a_fair_coin_where_it_strikes(level):
    seen, corrupted = corrupt(salt_and_pepper, level)
    struck = np.asarray(seen)[np.asarray(corrupted)]
    assert set(np.unique(struck)) == {0.0, 1.0}
    assert abs(struck.mean() - 0.5) < 4 * 0.5 / np.sqrt(len(struck))
    assert abs(corrupted.mean() - level) < 4 * np.sqrt(level * (1 - level) / N)
    np.testing.assert_array_equal(np.asarray(seen)[~np.asarray(corrupted)], 0.5)


def test_gaussian_noise_has_the_standard_deviation_asked_for():
    seen, corrupted = corrupt(additive_gaussian, 0.3)
    noise = np.asarray(seen - X)
    assert corrupted.all()
    assert abs(noise.mean()) < 4 * 0.3 / np.sqrt(N)
    assert abs(noise.std() - 0.3) < 4 * 0.3 / np.sqrt(2 * N)


@pytest.mark.parametrize("corruption", ["masking", "gaussian", "salt_and_pepper"])
def test_reconstructs_the_clean_image_better_than_its_input(corruption):
    """And better than an autoencoder that never saw noise: what the kind exists for."""
    x = jnp.asarray(DIGITS.test.reshape(-1, 64), jnp.float32) / 255
    options = {"latent": 32, "widths": (128,)}
    denoising = aejax.models.denoising(64, corruption=corruption, **options)
    plain = aejax.models.undercomplete(64, **options)
    hp = {"lr": 3e-3}
    table = DIGITS.train.reshape(-1, 64)
    ours = aejax.fit(denoising, table, steps=1000, hp=hp)
    control = aejax.fit(plain, table, steps=1000, hp=hp)
    noisy, _ = denoising.info.corruption.apply(
        jax.random.key(1), x, {"corruption": jnp.float32(0.3)}
    )

    def error(fit):
        return float(jnp.square(aejax.reconstruct(fit, noisy) - x).sum(-1).mean())

    assert error(ours) < 0.7 * float(jnp.square(noisy - x).sum(-1).mean())
    assert error(ours) < 0.9 * error(control)
