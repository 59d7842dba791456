"""Other priors and posteriors: each is the standard VAE in its limit, and each knows log p(x)."""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import special, stats

from aejax import models
from aejax.compose import compose
from aejax.errors import ConfigError
from aejax.evaluate.importance import log_likelihood
from aejax.latents.gaussian import gaussian
from aejax.losses.monte_carlo import mc_kl_term
from aejax.models.parts import dense_nets, make_likelihood
from tests.models import linear_gaussian as lg
from tests.models.training import trained

SIZE, LATENT = 6, 3
SMALL = {"latent": LATENT, "widths": (8,)}
X = jax.random.uniform(jax.random.key(0), (16, SIZE))


@functools.cache
def standard_vae():
    """The VAE with its divergence by one sample, as these models take theirs."""
    space, p_x = gaussian(LATENT), make_likelihood("bernoulli")
    return compose(
        name="vae",
        paper="Kingma & Welling 2013",
        equation="",
        shape=(SIZE,),
        nets=dense_nets((SIZE,), space, p_x, widths=(8,), activation="relu"),
        space=space,
        likelihood=p_x,
        terms={"kl_nats": (mc_kl_term(space), 1.0)},
    )


def widened(model, standard: dict) -> dict:
    """The standard model's parameters in a model whose encoder emits more: the rest is zero."""
    fresh = model.init(jax.random.key(5), X)
    own, given = fresh["params"]["encoder"]["dense_1"], standard["params"]["encoder"]["dense_1"]
    last = {
        name: jnp.zeros_like(own[name]).at[..., : given[name].shape[-1]].set(given[name])
        for name in own
    }
    encoder = {"dense_0": standard["params"]["encoder"]["dense_0"], "dense_1": last}
    params = {**fresh["params"], **standard["params"], "encoder": encoder}
    return {"params": params, "extra": fresh["extra"]}


def same(params):
    return params


def zeros(params):
    return jax.tree.map(jnp.zeros_like, params)


def closed_inputs(params):
    """Pseudo-inputs of zero, which a network with zero biases maps to N(0, I)."""
    return jax.tree.map(lambda p: jnp.full_like(p, -1e4), params)


def open_gates(params):
    """Gates at sigmoid(60) = 1, with nothing that could close them."""
    still = jax.tree.map(jnp.zeros_like, params)
    bias = still["flow"]["dense_1"]["bias"]
    still["flow"]["dense_1"]["bias"] = bias.at[:, bias.shape[1] // 2 :].set(60.0)
    return still


# model -> its arguments, its hyper-parameters and its latent parameters in the limit.
LIMITS = {
    "mixture_vae": ({"components": 1}, {}, zeros),
    "vamp_vae": ({"components": 1}, {}, closed_inputs),
    "student_vae": ({}, {"dof": 1e8}, same),
    "skew_vae": ({}, {}, zeros),
    "planar_vae": ({"flows": 0}, {}, same),
    "iaf_vae": ({"flows": 0}, {}, same),
    "maf_prior_vae": ({"flows": 0}, {}, same),
    "planar_vae with 3 still layers": ({"flows": 3}, {}, same),
    "iaf_vae with 3 open gates": ({"flows": 3}, {}, open_gates),
    "maf_prior_vae with 3 still layers": ({"flows": 3}, {}, zeros),
}


@functools.partial(jax.jit, static_argnums=0)
def _losses(loss, variables, hp, keys):
    return jax.vmap(lambda key: loss(variables, hp, X, key, jnp.int32(0))[0])(keys)


def losses(model, variables, **hp: float):
    values = {name: jnp.float32(v) for name, v in (model.hparams | hp).items()}
    keys = jax.random.split(jax.random.key(7), 5)
    return np.asarray(_losses(model.loss, variables, values, keys))


@pytest.mark.parametrize("case", LIMITS)
def test_is_the_standard_vae_in_its_limit(case):
    """The same loss from the same keys, and another away from the limit."""
    args, hp, at_limit = LIMITS[case]
    model = models.build(case.split()[0], SIZE, SMALL | args)
    standard = jax.tree.map(lambda p: 2 * p, standard_vae().init(jax.random.key(1), X))
    expected = losses(standard_vae(), standard)
    variables = widened(model, standard)
    if "latent" in variables["params"]:
        variables["params"]["latent"] = at_limit(variables["params"]["latent"])
    found = losses(model, variables, **hp)
    print(f"{case}: {np.abs(found - expected).max():.1e} of {expected.mean():.3f}")
    np.testing.assert_allclose(found, expected, rtol=2e-6)
    if hp or "latent" in variables["params"]:
        latent = model.init(jax.random.key(8), X)["params"].get("latent", {})
        moved = lambda p: p + 0.5 * jax.random.normal(jax.random.key(p.size), p.shape)
        off = {
            **variables,
            "params": {**variables["params"], "latent": jax.tree.map(moved, latent)},
        }
        assert (np.abs(losses(model, off) - expected) > 1e-3).all()


W, OFFSET = lg.loading(0, LATENT, SIZE)
ROWS = lg.draw(1, 6, W, OFFSET)


def linear(name: str, **args):
    """A linear-Gaussian model of that name and its variables: an encoder that is off but fair."""
    model = models.build(
        name, SIZE, {"latent": LATENT, "widths": (), "likelihood": "gaussian", **args}
    )
    fresh = model.init(jax.random.key(3), jnp.float32(ROWS))
    base = lg.variables(W, OFFSET, shrink=0.9, widen=0.5)
    own, given = fresh["params"]["encoder"]["dense_0"], base["params"]["encoder"]["dense_0"]
    last = {  # what the flow or the skewness is made of stays as it was drawn, and a bit smaller
        name: (0.3 * own[name]).at[..., : given[name].shape[-1]].set(given[name]) for name in own
    }
    params = {**fresh["params"], **base["params"], "encoder": {"dense_0": last}}
    return model, {"params": params, "extra": fresh["extra"]}


def estimated(model, variables, samples: int = 4000):
    run = jax.jit(lambda v, x: log_likelihood(model, v, x, jax.random.key(0), samples, 500))
    return run(variables, jnp.float32(ROWS))


@pytest.mark.parametrize(
    ("name", "args"),
    [("skew_vae", {}), ("planar_vae", {}), ("iaf_vae", {"flow_widths": (8,), "context": 4})],
)
def test_posteriors_samples_and_densities_agree(name, args):
    """Importance sampling reaches the exact log p(x) only if q's density is that of its samples."""
    model, variables = linear(name, **args)
    found = estimated(model, variables)
    latent = model.encode(variables, jnp.float32(ROWS), jax.random.key(1))
    plain = jax.jit(model.encode)(variables, jnp.float32(ROWS))
    assert np.isfinite(model.info.space.log_posterior(latent, latent.z)).all()
    np.testing.assert_allclose(plain.z, plain.mean, rtol=1e-6)
    error = np.asarray(found.log_p) - lg.log_p(ROWS, W, OFFSET)
    print(name, "errors in standard errors", np.round(error / found.standard_error, 2))
    assert (np.asarray(found.standard_error) < 0.05).all()
    assert np.abs(error / np.asarray(found.standard_error)).max() < 4


def test_mixture_prior_reaches_its_exact_log_likelihood():
    """Each component of p(z) is a linear-Gaussian model of its own."""
    model, variables = linear("mixture_vae", components=3)
    rng = np.random.default_rng(2)
    logits, mean, logvar = rng.normal(size=3), rng.normal(size=(3, 3)), rng.normal(size=(3, 3)) - 1
    prior = {"logits": logits, "mean": mean, "logvar": logvar}
    variables["params"]["latent"] = {"prior": jax.tree.map(jnp.float32, prior)}
    parts = [
        stats.multivariate_normal(m @ W + OFFSET, (W.T * np.exp(v)) @ W + np.eye(SIZE)).logpdf(ROWS)
        for m, v in zip(mean, logvar, strict=True)
    ]
    exact = special.logsumexp(special.log_softmax(logits)[:, None] + np.array(parts), axis=0)
    found = estimated(model, variables, 20_000)
    error = np.asarray(found.log_p) - exact
    print("errors in standard errors", np.round(error / found.standard_error, 2))
    assert np.abs(error / np.asarray(found.standard_error)).max() < 4
    assert (np.asarray(found.standard_error) < 0.1).all()


def test_a_mixture_finds_clusters_that_the_standard_prior_does_not_know():
    """Four far clusters in the plane: two learned components a side beat N(0, I) by their bound."""
    rng = np.random.default_rng(0)
    centres = 6.0 * np.array([[1, 1], [1, -1], [-1, 1], [-1, -1]])
    table = (centres[rng.integers(4, size=800)] + rng.normal(size=(800, 2))).astype(np.float32)
    args = {"latent": 2, "widths": (16,), "likelihood": "gaussian"}
    bound = {}
    for name, own in (("vae", {}), ("mixture_vae", {"components": 8})):
        model = models.build(name, 2, args | own)
        ((variables,),) = trained(model, table, [{"lr": 1e-2}], steps=600)
        keys = jax.random.split(jax.random.key(0), 20)
        hp = {n: jnp.float32(v) for n, v in model.hparams.items()}
        scalar = jax.vmap(
            lambda key, model=model, variables=variables, hp=hp: model.loss(
                variables, hp, jnp.asarray(table), key, jnp.int32(0)
            )[0]
        )(keys)
        bound[name] = -float(scalar.mean())
    print(bound)
    assert bound["mixture_vae"] > bound["vae"] + 0.05


@pytest.mark.parametrize("name", ["mixture_vae", "vamp_vae"])
def test_no_components(name):
    with pytest.raises(ConfigError, match="components=0 is out of range"):
        models.build(name, SIZE, {"components": 0})


@pytest.mark.parametrize("name", ["planar_vae", "iaf_vae", "maf_prior_vae"])
def test_fewer_than_no_flows(name):
    with pytest.raises(ConfigError, match="flows=-1 is out of range"):
        models.build(name, SIZE, {"flows": -1})
