"""log p(x) by importance sampling: closed form, quadrature, error bars, memory."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import special

from aejax.errors import ConfigError
from aejax.evaluate.importance import log_likelihood
from aejax.models.bottleneck.undercomplete import undercomplete
from aejax.models.variational.vae import vae
from tests.models import linear_gaussian as lg

SIZE, LATENT = 6, 2
LINEAR = vae(SIZE, latent=LATENT, widths=(), likelihood="gaussian")
W, B = lg.loading(0, LATENT, SIZE)
X = jnp.asarray(lg.draw(1, 12, W, B), jnp.float32)
VARIABLES = lg.variables(W, B, shrink=0.95, widen=0.3)


def test_reaches_the_closed_form_of_a_linear_gaussian_model():
    found = jax.jit(lambda: log_likelihood(LINEAR, VARIABLES, X, jax.random.key(0), 5000, 100))()
    error = np.asarray(found.log_p) - lg.log_p(np.float64(X), W, B)
    print("mean error", error.mean(), "worst in standard errors",
          np.abs(error / found.standard_error).max())  # fmt: skip
    assert abs(error.mean()) < 0.02
    assert np.abs(error / np.asarray(found.standard_error)).max() < 3.5
    assert (np.asarray(found.standard_error) < 0.05).all()


def test_reaches_quadrature_for_a_non_linear_decoder():
    model = vae(5, latent=1, widths=(8,), likelihood="bernoulli")
    x = jax.random.bernoulli(jax.random.key(1), 0.5, (4, 5)).astype(jnp.float32)
    variables = jax.tree.map(lambda p: 2.5 * p, model.init(jax.random.key(2), x))
    grid = np.linspace(-9, 9, 4001)
    logits = np.asarray(model.decode(variables, jnp.float32(grid[:, None])), np.float64)
    log_x = np.float64(x) @ special.log_expit(logits).T
    log_x += (1 - np.float64(x)) @ special.log_expit(-logits).T
    prior = -0.5 * grid**2 - 0.5 * np.log(2 * np.pi)
    exact = special.logsumexp(log_x + prior, axis=1) + np.log(grid[1] - grid[0])
    found = log_likelihood(model, variables, x, jax.random.key(3), 20_000, 500)
    assert np.abs((found.log_p - exact) / found.standard_error).max() < 3.5
    assert np.abs(found.log_p - exact).max() < 0.05


def test_error_bar_and_effective_size_are_right():
    """The spread over independent runs is the standard error that each run states."""
    poor = lg.variables(W, B, shrink=0.9, widen=0.6)
    keys = jax.random.split(jax.random.key(4), 400)
    run = jax.jit(jax.vmap(lambda key: log_likelihood(LINEAR, poor, X[:4], key, 500, 100)))
    found = run(keys)
    spread = np.asarray(found.log_p).std(0)
    stated = np.asarray(found.standard_error).mean(0)
    np.testing.assert_allclose(spread, stated, rtol=0.15)
    assert (np.asarray(found.ess) > 1).all()
    assert (np.asarray(found.ess) < 500).all()


def test_true_posterior_gives_full_effective_size():
    w = np.diag([1.5, 0.5])
    exact = lg.variables(w, np.zeros(2), shrink=1.0, widen=0.0)
    model = vae(2, latent=2, widths=(), likelihood="gaussian")
    x = jnp.asarray(lg.draw(2, 3, w, np.zeros(2)), jnp.float32)
    found = log_likelihood(model, exact, x, jax.random.key(0), samples=50, chunk=20)
    np.testing.assert_allclose(found.ess, 50.0, rtol=1e-4)
    np.testing.assert_allclose(found.log_p, lg.log_p(np.float64(x), w, np.zeros(2)), atol=1e-5)


def test_chunks_change_nothing():
    """Sample s has a key of its own; a last chunk that is not full counts what it has."""
    key = jax.random.key(5)
    one = log_likelihood(LINEAR, VARIABLES, X, key, samples=103, chunk=103)
    many = log_likelihood(LINEAR, VARIABLES, X, key, samples=103, chunk=10)
    for a, b in zip(one, many, strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-5, atol=1e-6)


def test_encodes_once():
    calls = []
    nets = LINEAR.info.nets

    def encode(params, x):
        calls.append(jax.tree.leaves(x)[0].shape)
        return nets.encode(params, x)

    watched = LINEAR.replace(info=LINEAR.info._replace(nets=nets._replace(encode=encode)))
    log_likelihood(watched, VARIABLES, X, jax.random.key(0), samples=300, chunk=30)
    assert calls == [X.shape]


def test_a_model_without_densities_says_so():
    model = undercomplete(4, latent=2, widths=())
    with pytest.raises(ConfigError, match="'undercomplete' needs log-densities"):
        log_likelihood(model, {"params": {}, "extra": {}}, jnp.ones((1, 4)), jax.random.key(0))
    with pytest.raises(ConfigError, match="samples=0 is out of range"):
        log_likelihood(LINEAR, VARIABLES, X, jax.random.key(0), samples=0)
