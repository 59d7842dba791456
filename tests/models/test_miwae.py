"""MIWAE: the bound of what is observed, gaps that nothing depends on, and the closed form."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import multivariate_normal

import aejax
from aejax.baselines.imputers import conditional_gaussian
from aejax.errors import ConfigError
from aejax.evaluate.importance import log_likelihood
from aejax.evaluate.imputation import impute
from aejax.likelihoods.observed import observed, per_feature_nll
from aejax.likelihoods.pixels import LIKELIHOODS
from aejax.models.deep.stacked_denoising import stacked_denoising
from aejax.models.image.context_encoder import context_encoder
from aejax.models.variational.iwae import iwae
from aejax.models.variational.miwae import miwae

RNG = np.random.default_rng(0)
X = jnp.asarray(RNG.random((12, 6)), jnp.float32)
JOINT = {"multinomial", "multinomial_counts"}
GAPS = RNG.random((12, 6)) < 0.4
KEY = jax.random.key(3)
SMALL = {"latent": 2, "widths": (7,), "likelihood": "gaussian_learned", "samples": 4}


def loss_of(model, variables, x):
    hp = {name: jnp.float32(value) for name, value in model.hparams.items()}
    return model.loss(variables, hp, x, KEY, jnp.int32(0))


def test_with_everything_observed_the_bound_is_iwaes():
    ours, theirs = miwae(6, **SMALL), iwae(6, **SMALL)
    variables = theirs.init(jax.random.key(1), X)
    for a, b in zip(
        jax.tree.leaves(variables), jax.tree.leaves(ours.init(jax.random.key(1), X)), strict=True
    ):
        np.testing.assert_array_equal(a, b)
    found, aux = loss_of(ours, variables, X)
    expected, other = loss_of(theirs, variables, X)
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    for name in other.terms:
        np.testing.assert_allclose(aux.terms[name], other.terms[name], rtol=1e-5)
    slopes = [jax.grad(lambda v, m=m: loss_of(m, v, X)[0])(variables) for m in (ours, theirs)]
    for a, b in zip(*map(jax.tree.leaves, slopes), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


def test_a_mask_for_the_encoder_changes_nothing_where_nothing_is_missing():
    """Its weights of the mask's channels are never read then."""
    model = miwae(6, **SMALL, mask_input=True)
    variables = model.init(jax.random.key(1), X)
    kernel = variables["params"]["encoder"]["dense_0"]["kernel"]
    assert kernel.shape == (12, 7)
    inner = {**variables["params"]["encoder"]}
    inner["dense_0"] = {**inner["dense_0"], "kernel": kernel[:6]}
    same = {**variables, "params": {**variables["params"], "encoder": inner}}
    plain = iwae(6, **SMALL)
    np.testing.assert_allclose(
        loss_of(model, variables, X)[0], loss_of(plain, same, X)[0], rtol=1e-6
    )


@pytest.mark.parametrize("mask_input", [False, True])
def test_nothing_depends_on_what_stands_at_missing_entries(mask_input):
    """Two masked arrays that differ there alone have the same scores, codes and fillings."""
    model = miwae(6, **SMALL, mask_input=mask_input)
    other = np.where(GAPS, 1e6 * RNG.random(X.shape), X)
    one, two = (np.ma.masked_array(values, GAPS) for values in (np.asarray(X), other))
    fits = [aejax.fit(model, rows, steps=3, batch_size=6, progress=False) for rows in (one, two)]
    for a, b in zip(*(jax.tree.leaves(fit.variables) for fit in fits), strict=True):
        np.testing.assert_array_equal(a, b)
    scores = [aejax.score(fits[0], rows) for rows in (one, two, np.where(GAPS, np.nan, X))]
    assert {"elbo_nats", "rec_nats", "kl_nats", "mse_per_image"} <= set(scores[0])
    for name, values in scores[0].items():
        assert np.isfinite(values).all()
        for again in scores[1:]:
            np.testing.assert_array_equal(values, again[name])
    for verb in (aejax.encode, aejax.reconstruct):
        np.testing.assert_array_equal(verb(fits[0], one), verb(fits[0], two))
    found = [aejax.impute(fits[0], rows, samples=20, draws=2) for rows in (one, two)]
    for a, b in zip(*found, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", sorted(set(LIKELIHOODS) - JOINT))
def test_the_likelihood_is_of_the_observed_features_alone(name):
    """Row by row: what a likelihood of fewer features says; slopes are finite, 0 in the gaps."""
    whole = LIKELIHOODS[name]()
    out = jnp.asarray(RNG.normal(size=(12, 6 * whole.outputs)), jnp.float32)
    gapped = jnp.where(GAPS, jnp.nan, X)
    found = observed(whole).nll(out, gapped)
    parts = out.reshape(12, whole.outputs, 6)
    for row in range(12):
        seen = ~GAPS[row]
        expected = whole.nll(parts[row][:, seen].reshape(1, -1), X[row, seen][None])[0]
        assert float(found[row]) == pytest.approx(float(expected), rel=1e-5, abs=1e-5)
    slope = jax.grad(lambda o: observed(whole).nll(o, gapped).sum())(out)
    assert np.isfinite(slope).all()
    assert (np.asarray(slope.reshape(12, whole.outputs, 6).swapaxes(1, 2))[GAPS] == 0).all()


@pytest.mark.parametrize("name", sorted(JOINT))
@pytest.mark.parametrize("build", [miwae, context_encoder, stacked_denoising])
def test_features_that_depend_on_each_other_are_refused(build, name):
    """Each by itself would have the whole of the probability: a loss of zero, whatever is given."""
    features = (8, 8, 1) if build is context_encoder else 6
    with pytest.raises(ConfigError, match="is of all features together"):
        build(features, likelihood=name)


@pytest.mark.parametrize("name", sorted(LIKELIHOODS))
def test_a_likelihood_says_whether_its_features_are_independent(name):
    """By its numbers: log p of all is the sum of log p of each, or `joint` is said."""
    likelihood = LIKELIHOODS[name]()
    out = jnp.asarray(RNG.normal(size=(12, 6 * likelihood.outputs)), jnp.float32)
    apart = per_feature_nll(likelihood._replace(joint=False), out, X).sum(-1)
    assert np.allclose(apart, likelihood.nll(out, X), rtol=1e-4) != likelihood.joint


def linear(dimensions=5, latent=2):
    """A model whose decoder is W z + b with noise of variance one, and its mean and covariance."""
    model = miwae(dimensions, latent=latent, widths=(), likelihood="gaussian")
    variables = model.init(jax.random.key(4), jnp.zeros((1, dimensions)))
    weights = jnp.asarray(0.7 * RNG.normal(size=(latent, dimensions)), jnp.float32)
    bias = jnp.asarray(RNG.normal(size=dimensions), jnp.float32)
    params = {
        # Near the prior: an encoder that is sure of something wrong leaves a sample or two.
        "encoder": jax.tree.map(lambda leaf: 0.1 * leaf, variables["params"]["encoder"]),
        "decoder": {"dense_0": {"kernel": weights, "bias": bias}},
    }
    w = np.asarray(weights, np.float64)
    return model, {**variables, "params": params}, np.asarray(bias), w.T @ w + np.eye(dimensions)


def test_imputed_means_are_the_closed_form_of_a_linear_gaussian_model():
    """And so are the draws' mean and variance, and log p of what is observed."""
    model, variables, mean, covariance = linear()
    rows = RNG.multivariate_normal(mean, covariance, 6)
    gaps = RNG.random(rows.shape) < 0.5
    gaps[0], gaps[1] = True, False  # a row of nothing and one of everything
    given = np.where(gaps, np.nan, rows).astype(np.float32)
    expected, variance = conditional_gaussian(given, mean, covariance)
    found = jax.jit(lambda x, key: impute(model, variables, x, key, 10_000, 2000))(given, KEY)
    assert float(found.ess.min()) > 200
    np.testing.assert_allclose(found.mean, expected, atol=0.15)
    assert np.abs(found.mean - expected)[gaps].mean() < 0.03
    np.testing.assert_array_equal(np.asarray(found.mean)[~gaps], given[~gaps])
    draws = np.asarray(found.draws)
    np.testing.assert_array_equal(draws[:, 0].shape, given.shape)
    assert (draws == given[:, None])[np.broadcast_to(~gaps[:, None], draws.shape)].all()
    np.testing.assert_allclose(draws.mean(1), expected, atol=0.25)
    ratio = draws.var(1)[gaps] / variance[gaps]
    assert abs(ratio.mean() - 1) < 0.1
    assert abs(ratio - 1).max() < 0.4
    log_p, _, error = log_likelihood(model, variables, jnp.asarray(given), KEY, 5000)
    for i, row in enumerate(given):
        seen = ~gaps[i]
        if seen.any():
            exact = multivariate_normal(mean[seen], covariance[np.ix_(seen, seen)])
            assert float(log_p[i]) == pytest.approx(
                exact.logpdf(row[seen]), abs=0.05 + 4 * float(error[i])
            )
    assert float(log_p[0]) == pytest.approx(0, abs=0.05)


def test_conditional_gaussian_is_a_regression():
    """Against least squares on many draws."""
    _, _, mean, covariance = linear()
    rows = np.random.default_rng(5).multivariate_normal(mean, covariance, 200_000)
    design = np.c_[np.ones(len(rows)), rows[:, [0, 2]]]
    fit, left, *_ = np.linalg.lstsq(design, rows[:, [1, 3, 4]], rcond=None)
    given = np.array([[0.3, np.nan, -1.2, np.nan, np.nan]])
    found, variance = conditional_gaussian(given, mean, covariance)
    np.testing.assert_allclose(found[0, [1, 3, 4]], [1, 0.3, -1.2] @ fit, atol=0.03)
    np.testing.assert_allclose(variance[0, [1, 3, 4]], left / len(rows), rtol=0.02)
    assert (variance[0, [0, 2]] == 0).all()


def test_samples_in_chunks_change_nothing(monkeypatch):
    from aejax.evaluate import imputation

    model, variables, *_ = linear()
    given = jnp.asarray(np.where(GAPS[:, :5], np.nan, X[:, :5]), jnp.float32)
    one = impute(model, variables, given, KEY, 30, 3)
    monkeypatch.setattr(imputation, "CHUNK", 7)
    two = impute(model, variables, given, KEY, 30, 3)
    np.testing.assert_allclose(one.mean, two.mean, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(one.ess, two.ess, rtol=1e-4)


def test_it_learns_a_table_with_gaps():
    """Half of a Gaussian table of one factor is missing: better than means, by far."""
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(400, 1)) @ np.ones((1, 6)) + 0.3 * rng.normal(size=(400, 6))
    gaps = rng.random(rows.shape) < 0.5
    given = np.where(gaps, np.nan, rows)
    model = miwae(6, latent=1, widths=(16,), likelihood="gaussian_learned")
    fitted = aejax.fit(model, given, steps=400, hp={"lr": 1e-2}, progress=False)
    found = aejax.impute(fitted, given, samples=200).mean
    error = np.sqrt(np.mean(np.square(found - rows)[gaps]))
    assert error < 0.5
    assert np.sqrt(np.mean(np.square(rows)[gaps])) > 0.9
