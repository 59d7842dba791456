"""The undercomplete autoencoder: a non-linear code of the same size beats the linear one."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np

import aejax
from aejax.evaluate import baselines


def test_beats_pca_of_the_same_size_on_digits():
    digits = aejax.data.load("digits")
    model = aejax.models.undercomplete((8, 8, 1), latent=8, widths=(128,), likelihood="gaussian")
    fit = aejax.fit(model, digits.train, steps=1500, schedule="cosine", hp={"lr": 3e-3})
    x = jnp.asarray(digits.test, jnp.float32) / 255
    error = aejax.evaluate.squared_error(model, fit.variables, x).mean()
    held = baselines(digits.train, digits.test, 8)
    assert error < 0.9 * held["mse_pca"] < held["mse_mean_image"]


def test_the_baselines_are_numpys():
    """PCA's residual is what the singular values beyond the k-th leave; the mean image's is all."""
    x = np.random.RandomState(0).randn(50, 6).astype(np.float32)
    held = baselines(x, x, 2)
    values = np.linalg.svd(x - x.mean(0), compute_uv=False) ** 2
    np.testing.assert_allclose(held["mse_mean_image"], values.sum() / 50, rtol=1e-5)
    np.testing.assert_allclose(held["mse_pca"], values[2:].sum() / 50, rtol=1e-5)
