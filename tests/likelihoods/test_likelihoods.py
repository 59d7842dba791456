"""Likelihoods against SciPy, and at the extremes where other libraries return NaN."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from aejax.likelihoods.pixels import (
    LIKELIHOODS,
    bernoulli,
    gaussian,
    gaussian_learned,
    gaussian_squashed,
    laplace,
)

RNG = np.random.RandomState(0)
OUT = RNG.randn(5, 3, 2, 1).astype(np.float32)
X = RNG.rand(5, 3, 2, 1).astype(np.float32)


def total(values):
    return values.reshape(5, -1).sum(-1)


def test_bernoulli_is_scipys_on_black_and_white():
    x = (X > 0.5).astype(np.float32)
    p = 1 / (1 + np.exp(-OUT.astype(np.float64)))
    expected = -total(stats.bernoulli.logpmf(x, p))
    np.testing.assert_allclose(bernoulli().nll(OUT, x), expected, rtol=1e-5)


@pytest.mark.parametrize("scale", [0.1, 1.0, 3.0])
def test_gaussian_and_laplace_are_scipys(scale):
    expected = -total(stats.norm.logpdf(X, OUT, scale))
    np.testing.assert_allclose(gaussian(scale).nll(OUT, X), expected, rtol=1e-4)
    expected = -total(stats.laplace.logpdf(X, OUT, scale))
    np.testing.assert_allclose(laplace(scale).nll(OUT, X), expected, rtol=1e-4)


def test_learned_variance_is_scipys():
    out = RNG.randn(5, 3, 2, 2).astype(np.float32)
    expected = -total(stats.norm.logpdf(X, out[..., :1], np.exp(0.5 * out[..., 1:])))
    np.testing.assert_allclose(gaussian_learned().nll(out, X), expected, rtol=1e-5)


@pytest.mark.parametrize("logit", [-100.0, -88.8, 0.0, 88.8, 100.0, 1e4])
@pytest.mark.parametrize("x", [0.0, 0.3, 1.0])
def test_bernoulli_is_exact_and_differentiable_at_large_logits(logit, x):
    nll = lambda value: bernoulli().nll(jnp.full((1, 1), value), jnp.full((1, 1), x))[0]
    # log(1 + e^l) - x l in double precision
    expected = np.logaddexp(0.0, logit) - x * logit
    np.testing.assert_allclose(nll(logit), expected, rtol=1e-5, atol=1e-7)
    slope = 1 / (1 + np.exp(-np.clip(logit, -700, 700))) - x
    np.testing.assert_allclose(jax.grad(nll)(logit), slope, atol=1e-6)


def test_learned_variance_is_finite_at_extremes():
    out = jnp.concatenate([jnp.zeros((2, 4)), jnp.asarray([[30.0] * 4, [-30.0] * 4])], axis=-1)
    value, grad = jax.value_and_grad(lambda o: gaussian_learned().nll(o, jnp.ones((2, 4))).sum())(
        out
    )
    assert np.isfinite(value)
    assert np.isfinite(grad).all()


@pytest.mark.parametrize("name", ["bernoulli", "gaussian", "gaussian_learned", "laplace"])
def test_samples_have_the_stated_mean(name):
    p_x = LIKELIHOODS[name]()
    out = jnp.broadcast_to(
        jnp.asarray(RNG.randn(1, 2 * p_x.outputs), jnp.float32), (20_000, 2 * p_x.outputs)
    )
    drawn = p_x.sample(jax.random.key(0), out)
    mean = p_x.mean(out)[0]
    error = np.asarray(drawn).std(0) / np.sqrt(len(drawn))
    assert (np.abs(np.asarray(drawn).mean(0) - mean) < 4.5 * error).all()


def test_scales_must_be_positive():
    for make in (gaussian, laplace):
        with pytest.raises(ValueError, match=r"scale=0.0 is out of range"):
            make(0.0)


def test_squashed_mean_is_scipys_with_a_sigmoid():
    out = RNG.randn(5, 3, 2, 2).astype(np.float32)
    mean = 1 / (1 + np.exp(-np.float64(out[..., :1])))
    expected = -total(stats.norm.logpdf(X, mean, np.exp(0.5 * out[..., 1:])))
    model = gaussian_squashed()
    np.testing.assert_allclose(model.nll(out, X), expected, rtol=1e-5)
    np.testing.assert_allclose(model.mean(out), mean, rtol=1e-5)
