"""ProdLDA: the prior's closed form, divergence, likelihood, experts, batch norm, known topics."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats
from scipy.special import gammaln, polygamma

import aejax
from aejax.data.documents import planted_topics
from aejax.errors import ConfigError
from aejax.evaluate.topics import diversity, recovered, top_words
from aejax.latents.logistic_normal import laplace_of_dirichlet, moments_of
from aejax.likelihoods.pixels import multinomial_counts
from aejax.models.variational.prodlda import prodlda

X = jnp.asarray(np.random.default_rng(0).poisson(0.7, (12, 9)), jnp.float32)
SMALL = {"latent": 4, "widths": (6,)}


def loss_of(model, variables, x=X, step=0, **hp):
    values = {n: jnp.float32(v) for n, v in (model.hparams | hp).items()}
    return model.loss(variables, values, x, jax.random.key(2), jnp.int32(step))


@pytest.fixture(scope="module")
def trained():
    model = prodlda(9, **SMALL)
    return aejax.fit(model, np.asarray(X), steps=20, batch_size=6, hp={"lr": 0.01}, progress=False)


def test_the_prior_is_the_laplace_approximation():
    """By the mode and the curvature of the Dirichlet in the softmax basis, MacKay 1998."""
    alpha = np.array([0.7, 2.0, 3.5, 5.0])
    mean, var = laplace_of_dirichlet(alpha)
    share = alpha / alpha.sum()
    np.testing.assert_allclose(jax.nn.softmax(mean), share, rtol=1e-6)
    # Minus the Hessian of sum_k a_k log softmax(h)_k, which is singular along (1, ..., 1).
    total = alpha.sum()
    curvature = total * (np.diag(share) - np.outer(share, share))
    covariance = np.linalg.pinv(curvature)
    np.testing.assert_allclose(var, np.diag(covariance), rtol=1e-6)
    # Far from the corners it is close to the exact moments of centred log-proportions.
    large, k = 200.0, 5
    mean, var = laplace_of_dirichlet(np.full(k, large))
    exact = (1 - 1 / k) * polygamma(1, large)
    np.testing.assert_allclose(mean, 0.0, atol=1e-6)
    np.testing.assert_allclose(var, exact, rtol=0.01)


def test_the_divergence_is_that_of_monte_carlo(trained):
    model = trained.model
    latent = model.encode(trained.variables, X[:2])
    _, aux = loss_of(model, trained.variables, X[:2], step=2**30, alpha=0.5)
    extra = {**trained.variables["extra"], "alpha": jnp.float32(0.5)}
    variables = {**trained.variables, "extra": extra}
    space = model.info.space
    noise = np.random.default_rng(0).normal(size=(40_000, 2, 4)).astype(np.float32)
    z = latent.mean[None] + jnp.exp(0.5 * latent.logvar)[None] * noise
    flat = lambda f: jax.vmap(f)(z)
    gap = flat(lambda z: space.log_posterior(latent, z) - space.log_prior(variables, z))
    error = 4 * np.asarray(gap).std(0) / 200
    assert (np.abs(np.asarray(gap).mean(0) - aux.terms["kl_nats"]) < error).all()


def test_the_likelihood_is_scipys_without_the_number_of_orders():
    logits = np.random.default_rng(1).normal(size=(12, 9))
    x = np.asarray(X, np.float64)
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    orders = gammaln(x.sum(1) + 1) - gammaln(x + 1).sum(1)
    exact = stats.multinomial.logpmf(x, x.sum(1).astype(int), p) - orders
    np.testing.assert_allclose(multinomial_counts().nll(jnp.asarray(logits), X), -exact, rtol=1e-5)


def test_experts_multiply(trained):
    """p(w) is prod_k p_k(w)^theta_k, made to sum to one: of one expert alone it is that expert."""
    model, variables = trained.model, trained.variables
    z = jnp.asarray(np.random.default_rng(2).normal(size=(5, 4)), jnp.float32)
    theta = np.asarray(jax.nn.softmax(z), np.float64)
    log_p = lambda z: np.asarray(jax.nn.log_softmax(model.decode(variables, z)), np.float64)
    single = log_p(jnp.full((4, 4), -200.0) + 400 * jnp.eye(4))  # theta is a corner
    mixed = theta @ single
    mixed -= np.log(np.exp(mixed).sum(1, keepdims=True))
    np.testing.assert_allclose(log_p(z), mixed, atol=1e-4)


def test_batch_norm_takes_the_batch_in_training_and_the_moments_after_it(trained):
    model, variables = trained.model, trained.variables
    found = aejax.score(trained, np.asarray(X))["rec_nats"]
    assert found.shape == (12,)
    # Codes and words of a row do not depend on its neighbours ...
    np.testing.assert_allclose(
        model.encode(variables, X[:1]).mean, model.encode(variables, X).mean[:1], atol=1e-5
    )
    # ... but in training they do: where all rows are one, the encoder's are normed to nothing.
    _, aux = loss_of(model, variables, jnp.repeat(X[:1], 6, 0))
    assert np.ptp(np.asarray(aux.terms["kl_nats"])) < 1e-5
    means = [np.asarray(tree) for tree in (aux.extra["in_mean"], variables["extra"]["in_mean"])]
    assert not np.allclose(*means)  # the moving averages have moved
    assert float(aux.extra["training"]) == 0
    _, after = loss_of(model, variables, X, step=2**30)
    _, part = loss_of(model, variables, X[:5], step=2**30)
    np.testing.assert_allclose(after.terms["kl_nats"][:5], part.terms["kl_nats"], rtol=1e-4)


def test_the_decoders_moments_follow_from_those_of_theta():
    model = prodlda(9, **SMALL)
    variables = model.init(jax.random.key(0), X)
    z = jax.random.normal(jax.random.key(1), (50, 4))
    mean, covariance = moments_of(jax.nn.softmax(z))
    extra = {**variables["extra"], "theta_mean": mean, "theta_covariance": covariance}
    decode = lambda training: model.decode(
        {**variables, "extra": {**extra, "training": jnp.float32(training)}}, z
    )
    np.testing.assert_allclose(decode(0.0), decode(1.0), atol=1e-4)
    logits = jax.nn.softmax(z) @ variables["params"]["decoder"]["beta"]
    wanted = (logits - logits.mean(0)[None]) / np.sqrt(logits.var(0) + 1e-3)[None]
    np.testing.assert_allclose(decode(1.0), wanted, atol=1e-4)


def test_one_topic_is_none():
    with pytest.raises(ConfigError, match="2 topics or more"):
        prodlda(9, latent=1)


def test_planted_topics_are_found():
    known = planted_topics(400)
    hp = {"lr": 1e-2, "b1": 0.99}
    model = prodlda(known.counts.shape[1], latent=10)
    fitted = aejax.fit(model, known.counts, steps=300, batch_size=200, hp=hp, progress=False)
    beta = np.asarray(fitted.variables["params"]["decoder"]["beta"])
    found = recovered(top_words(beta, 10), top_words(known.planted, 10)).mean()
    print(found, diversity(top_words(beta, 25)))
    assert found > 0.6  # by chance .05
