"""Explained variance, PSNR and bits: perfect, mean and random predictors, whole sets."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.metrics import r2_score

from aejax import models
from aejax.evaluate.reconstruction import bits_per_dim, explained_variance, psnr, reconstruct

ROWS = np.random.default_rng(0).normal(size=(53, 6)).astype(np.float32) * [1, 2, 3, 4, 5, 6] + 7


def linear(kernel: np.ndarray, bias: np.ndarray):
    """A linear autoencoder whose decoder is the identity: x^ = x kernel + bias."""
    model = models.linear(6, latent=6)
    variables = model.init(jax.random.key(0), jnp.ones((1, 6)))
    for part, k, b in (("encoder", kernel, bias), ("decoder", np.eye(6), np.zeros(6))):
        layer = variables["params"][part]["dense_0"]
        layer["kernel"] = jnp.asarray(k, jnp.float32)
        if "bias" in layer:
            layer["bias"] = jnp.asarray(b, jnp.float32)
    return model, variables


@pytest.mark.parametrize("batch_size", [1, 10, 53])
def test_explained_variance_of_a_perfect_a_mean_and_another_predictor(batch_size):
    table = jnp.asarray(ROWS, jnp.float32)
    found = explained_variance(*linear(np.eye(6), np.zeros(6)), table, batch_size)
    assert float(found["explained_variance"]) == pytest.approx(1.0, abs=1e-6)
    mean = explained_variance(*linear(np.zeros((6, 6)), ROWS.mean(0)), table, batch_size)
    assert float(mean["explained_variance"]) == pytest.approx(0.0, abs=1e-5)
    assert float(mean["normalised_mse"]) == pytest.approx(1.0, abs=1e-5)
    model, variables = linear(0.5 * np.eye(6), np.ones(6))
    other = explained_variance(model, variables, table, batch_size)
    predicted = np.asarray(reconstruct(model, variables, table))
    expected = r2_score(ROWS, predicted, multioutput="variance_weighted")
    assert float(other["explained_variance"]) == pytest.approx(expected, rel=1e-4)


def test_units_of_error():
    np.testing.assert_allclose(psnr(jnp.asarray([4.0, 0.04]), 400), [20.0, 40.0], rtol=1e-6)
    np.testing.assert_allclose(psnr(jnp.asarray([65025.0]), 1, peak=255.0), [0.0], atol=1e-5)
    assert float(bits_per_dim(jnp.float32(784 * np.log(2)), 784)) == pytest.approx(1.0)
    # A uniform density on [0, 1] is eight bits a byte.
    assert float(bits_per_dim(jnp.float32(0.0), 10, levels=256)) == pytest.approx(8.0)
