"""The metrics that every row carries: a linear-Gaussian model in closed form, NumPy."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from aejax import models
from aejax.evaluate import evaluate, per_example, rows_over
from aejax.evaluate.importance import log_likelihood
from tests.models import linear_gaussian as lg

SIZE, LATENT = 6, 3
MODEL = models.vae(SIZE, latent=LATENT, widths=(), likelihood="gaussian")
W, B = lg.loading(0, LATENT, SIZE)


def divergence(x: np.ndarray, variables: dict) -> np.ndarray:
    """KL(q(z|x) || p(z|x)) by row: both are Gaussian, and the second has the known posterior."""
    covariance = np.linalg.inv(W @ W.T + np.eye(LATENT))
    precision = np.linalg.inv(covariance)
    dense = jax.tree.map(np.float64, variables["params"]["encoder"]["dense_0"])
    out = x @ dense["kernel"] + dense["bias"]
    mean, variance = out[:, :LATENT], np.exp(out[0, LATENT:])
    gap = mean - (x - B) @ (covariance @ W).T
    quadratic = np.einsum("nl,lm,nm->n", gap, precision, gap)
    logs = np.linalg.slogdet(covariance)[1] - np.log(variance).sum()
    return 0.5 * (np.diag(precision) @ variance + quadratic - LATENT + logs)


@pytest.mark.parametrize(("shrink", "widen"), [(1.0, 0.0), (0.7, 0.5), (1.2, -1.0)])
def test_the_bound_is_the_likelihood_less_the_posteriors_error(shrink, widen):
    variables = lg.variables(W, B, shrink, widen)
    x = lg.draw(1, 20_003, W, B)
    table = jnp.asarray(x, jnp.float32)
    found = evaluate(MODEL, variables, lg.ones(MODEL), jax.random.key(0), table, batch_size=1000)
    expected = (lg.log_p(x, W, B) - divergence(x, variables)).mean()
    print(found["elbo_nats"], expected)
    # One draw a row; its reconstruction spreads by some nats, a hundredth in the mean of 20,003.
    assert float(found["elbo_nats"]) == pytest.approx(expected, abs=0.05)
    assert float(found["elbo_nats"]) == pytest.approx(
        -float(found["rec_nats"] + found["kl_nats"]), rel=1e-6
    )


@pytest.mark.parametrize("batch_size", [10, 53])
def test_squared_error_of_images_is_numpys(batch_size):
    """Bytes, a last batch of another size, and a mean over images of sums over pixels."""
    model = models.undercomplete((3, 2, 1), latent=2, widths=(), likelihood="gaussian")
    rows = np.random.default_rng(0).integers(0, 256, (53, 3, 2, 1), dtype=np.uint8)
    variables = model.init(jax.random.key(1), jnp.zeros((1, 3, 2, 1)))
    layer = lambda part: jax.tree.map(np.float64, variables["params"][part]["dense_0"])
    flat = np.float64(rows).reshape(53, -1) / 255
    code = flat @ layer("encoder")["kernel"] + layer("encoder")["bias"]
    out = code @ layer("decoder")["kernel"] + layer("decoder")["bias"]
    hp = lg.ones(model)
    found = evaluate(model, variables, hp, jax.random.key(0), jnp.asarray(rows), batch_size)
    expected = np.square(out - flat).sum(1).mean()
    assert float(found["mse_per_image"]) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("batch_size", [10, 53])
def test_values_by_row_have_the_means_of_the_table(batch_size):
    variables, hp = lg.variables(W, B, 0.8, 0.3), lg.ones(MODEL)
    x = lg.draw(2, 53, W, B)
    args = (MODEL, variables, hp, jax.random.key(3), jnp.asarray(x, jnp.float32), batch_size)
    means, rows = evaluate(*args), per_example(*args)
    assert {"mse_per_image", "elbo_nats", "rec_nats", "kl_nats"} <= set(rows)
    for name, values in rows.items():
        assert values.shape == (53,)
        np.testing.assert_allclose(values.mean(), means[name], rtol=1e-5)
    gain = np.float64(variables["params"]["encoder"]["dense_0"]["kernel"])[:, :LATENT]
    bias = np.float64(variables["params"]["encoder"]["dense_0"]["bias"])[:LATENT]
    out = (x @ gain + bias) @ W + B
    np.testing.assert_allclose(rows["mse_per_image"], np.square(out - x).sum(1), rtol=1e-4)


@pytest.mark.parametrize("batch_size", [10, 53])
def test_log_likelihood_of_a_table_row_by_row(batch_size):
    """53 rows in batches of ten, the last of three; the true posterior leaves no noise."""
    w, b = np.diag([1.0, 2.0, 0.5]), np.zeros(3)  # independent: q(z|x) can be the posterior
    model = models.vae(3, latent=3, widths=(), likelihood="gaussian")
    variables = lg.variables(w, b, 1.0, 0.0)
    x = lg.draw(4, 53, w, b)
    nll = lambda x, key: log_likelihood(model, variables, x, key, 8, 4).log_p
    found = rows_over(nll, jnp.asarray(x, jnp.float32), jax.random.key(5), batch_size)
    np.testing.assert_allclose(found, lg.log_p(x, w, b), rtol=1e-4, atol=1e-4)
