"""Two stochastic layers, bounds by name, dynamic binarisation, the bias from the data."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from aejax import fit
from aejax.errors import ConfigError
from aejax.evaluate.annealed import Path, ais, tune
from aejax.evaluate.importance import log_likelihood
from aejax.models.variational.iwae import iwae
from aejax.models.variational.iwae_deep import iwae_deep
from aejax.models.variational.vae import vae
from tests.models import linear_gaussian as lg

SIZE, LOWER, UPPER = 5, 2, 1
SMALL = {"latent": UPPER, "lower": LOWER, "widths": (), "upper_widths": ()}


def _linear():
    """A linear model of two layers and its exact log-density of rows."""
    model = iwae_deep(SIZE, likelihood="gaussian", samples=3, **SMALL)
    rng = np.random.default_rng(0)
    variables = model.init(jax.random.key(0), jnp.zeros((1, SIZE)))
    params = jax.tree.map(
        lambda leaf: jnp.asarray(rng.normal(size=leaf.shape) * 0.5, jnp.float32),
        variables["params"],
    )
    dense = params["latent"]["down"]["dense_0"]
    # p(z1 | z2) has a variance of its own, the same for every z2.
    dense["kernel"] = dense["kernel"].at[:, LOWER:].set(0.0)
    dense["bias"] = dense["bias"].at[LOWER:].set(jnp.asarray([-0.7, 0.4]))
    # A proposal that knows nothing of x and is as wide as the prior: weights of finite variance.
    for part, width in ((params["encoder"], LOWER), (params["latent"]["up"], UPPER)):
        part["dense_0"]["kernel"] = jnp.zeros_like(part["dense_0"]["kernel"])
        part["dense_0"]["bias"] = jnp.zeros(2 * width).at[width:].set(0.7)
    params["encoder"]["dense_0"]["bias"] = (
        params["encoder"]["dense_0"]["bias"].at[:LOWER].set(dense["bias"][:LOWER])
    )
    loading, shift = (np.float64(params["decoder"]["dense_0"][n]) for n in ("kernel", "bias"))
    a, c = np.float64(dense["kernel"])[:, :LOWER], np.float64(dense["bias"])
    covariance = a.T @ a + np.diag(np.exp(c[LOWER:]))
    law = stats.multivariate_normal(
        c[:LOWER] @ loading + shift, loading.T @ covariance @ loading + np.eye(SIZE)
    )
    return model, {"params": params, "extra": {}}, law


def test_the_two_layers_reach_the_closed_form_of_a_linear_model():
    model, variables, law = _linear()
    x = law.rvs(8, random_state=1).astype(np.float32)
    exact = law.logpdf(np.float64(x))
    run = jax.jit(lambda: log_likelihood(model, variables, x, jax.random.key(1), 20_000, 500))
    found = run()
    error = np.asarray(found.log_p) - exact
    print("importance sampling", error.mean(), "stated", found.standard_error.mean())
    assert np.abs(error / np.asarray(found.standard_error)).max() < 4
    assert abs(error.mean()) < 0.02
    path = Path(200, 5, 64)
    rows = jnp.asarray(x)

    def anneal():
        steps = tune(model, variables, rows, jax.random.key(2), path)
        return ais(model, variables, rows, jax.random.key(3), steps, path)

    error = np.asarray(jax.jit(anneal)().log_p) - exact
    print("annealed", error.mean())
    assert abs(error.mean()) < 0.02


def test_samples_have_the_models_moments():
    model, variables, law = _linear()
    assert model.sample is not None
    assert model.info.space is not None
    assert model.info.space.prior is not None
    z = model.info.space.prior(variables, jax.random.key(4), 40_000)
    out = np.asarray(model.decode(variables, z))
    np.testing.assert_allclose(out.mean(0), law.mean, atol=0.05)
    np.testing.assert_allclose(np.cov(out.T), law.cov - np.eye(SIZE), atol=0.1)


def test_average_is_the_vaes_bound_with_less_noise():
    w, b = lg.loading(0, 2, SIZE)
    variables, x = lg.variables(w, b, shrink=0.7, widen=0.8), jnp.float32(lg.draw(1, 8, w, b))
    linear = {"latent": 2, "widths": (), "likelihood": "gaussian"}
    found = {}
    keys = jax.random.split(jax.random.key(0), 1500)
    for k, bound in ((1, "average"), (10, "average"), (10, "importance")):
        model = iwae(SIZE, samples=k, bound=bound, **linear)
        run = jax.vmap(
            lambda key, model=model: -model.loss(variables, lg.ones(model), x, key, jnp.int32(0))[0]
        )
        found[k, bound] = np.asarray(jax.jit(run)(keys))
    error = found[1, "average"].std() / np.sqrt(len(keys))
    assert abs(found[1, "average"].mean() - found[10, "average"].mean()) < 3.5 * error
    assert found[10, "average"].var() < 0.15 * found[1, "average"].var()
    assert found[10, "importance"].mean() > found[10, "average"].mean() + 0.1
    with pytest.raises(ConfigError, match="bound='averaged' is unknown"):
        iwae(SIZE, bound="averaged")


def test_binarised_draws_anew_and_with_the_right_mean():
    model = iwae(1, latent=1, widths=(), samples=1, binarise=True)
    x = jnp.full((4000, 1), 0.3)
    variables = jax.tree.map(jnp.zeros_like, model.init(jax.random.key(0), x))
    bias = variables["params"]["decoder"]["dense_0"]
    bias["bias"] = jnp.asarray([1.0])  # -log p(1) = log(1 + e^-1), -log p(0) = log(1 + e)

    def rec(key):
        return model.loss(variables, lg.ones(model), x, key, jnp.int32(0))[1].terms["rec_nats"]

    one, two = rec(jax.random.key(1)), rec(jax.random.key(2))
    white = np.asarray(one) < 1
    np.testing.assert_allclose(np.unique(np.round(one, 4)), [0.3133, 1.3133], atol=1e-4)
    assert abs(white.mean() - 0.3) < 0.03
    assert (np.asarray(one) != np.asarray(two)).mean() > 0.3


def test_the_outputs_bias_begins_at_the_datas_mean():
    x = np.random.RandomState(0).rand(500, 6).astype(np.float32) ** 3
    x[:, 0] = 0.0
    model = iwae(6, latent=2, widths=(4,), data_bias=True)
    done = fit(model, x, steps=1, hp={"lr": 0.0})
    bias = np.asarray(done.variables["params"]["decoder"]["dense_1"]["bias"])
    mean = np.clip(x.mean(0), 1e-3, 1 - 1e-3)
    np.testing.assert_allclose(1 / (1 + np.exp(-bias)), mean, rtol=1e-4)
    with pytest.raises(ConfigError, match="data_bias=True does not go with"):
        iwae(6, likelihood="gaussian", data_bias=True)


def test_parameter_prior_is_half_the_squared_norm_over_n():
    x = jnp.ones((4, 6))
    model = vae(6, latent=2, widths=(3,), parameter_prior=True)
    variables = model.init(jax.random.key(0), x)
    hp = lg.ones(model) | {"num_data": jnp.float32(50.0)}
    terms = model.loss(variables, hp, x, jax.random.key(1), jnp.int32(0))[1].terms
    norm = sum(float((np.float64(leaf) ** 2).sum()) for leaf in jax.tree.leaves(variables))
    np.testing.assert_allclose(terms["prior_nats"], 0.5 * norm / 50, rtol=1e-5)
