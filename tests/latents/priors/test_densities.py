"""Priors: densities that integrate to one, samples with the right moments, SciPy's numbers."""

from __future__ import annotations

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from aejax.errors import ConfigError
from aejax.latents import priors
from aejax.latents import skew_normal as skew
from aejax.latents.flows import autoregressive
from aejax.latents.gaussian import gaussian
from aejax.latents.priors.student import student_t_log_density
from aejax.likelihoods.pixels import LIKELIHOODS
from aejax.models.parts import dense_nets

DRAWS = 100_000
NAMES = ("mixture", "vamp", "student_t", "skew_normal", "maf")


class Case(NamedTuple):
    prior: priors.Prior
    variables: dict


def vamp_parts(size: int):
    likelihood, space = LIKELIHOODS["bernoulli"](), gaussian(size)
    nets = dense_nets((3,), space, likelihood, widths=(6,), activation="tanh")
    return nets, priors.vamp((3,), space, nets, likelihood, 4)


@functools.cache
def case(name: str, size: int) -> Case:
    """A prior with parameters away from where they start."""
    nets, vamp = vamp_parts(size)
    prior = {
        "mixture": lambda: priors.mixture(size, 3),
        "vamp": lambda: vamp,
        "student_t": lambda: priors.student_t(size),
        "skew_normal": lambda: priors.skew_normal(size),
        "maf": lambda: priors.flow_prior(
            size, autoregressive(size, 2, (8,), scale="exponential", activation="tanh")
        ),
    }[name]()
    params = prior.init(jax.random.key(1)) if prior.init else {}
    leaves, tree = jax.tree.flatten(params)
    noise = [
        0.7 * jax.random.normal(jax.random.key(i), p.shape, p.dtype) for i, p in enumerate(leaves)
    ]
    params = jax.tree.unflatten(tree, [p + n for p, n in zip(leaves, noise, strict=True)])
    encoder = jax.tree.map(lambda p: 2.0 * p, nets.init(jax.random.key(2), jnp.ones((1, 3))))
    extra = {"dof": jnp.float32(3.0)} if name == "student_t" else {}
    return Case(prior, {"params": {**encoder, "latent": {"prior": params}}, "extra": extra})


def grid(size: int, points: int) -> tuple[np.ndarray, np.ndarray]:
    """Nodes [N, size] and weights [N] over all of R^size: z = sinh(t), equally spaced in t."""
    t = np.linspace(-7.5, 7.5, points)
    z, w = np.sinh(t), np.cosh(t) * (t[1] - t[0])
    nodes = np.stack(np.meshgrid(*[z] * size, indexing="ij"), axis=-1).reshape(-1, size)
    weights = np.prod(np.stack(np.meshgrid(*[w] * size, indexing="ij"), -1).reshape(-1, size), 1)
    return nodes.astype(np.float32), weights


@functools.cache
def density(name: str, size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    nodes, weights = grid(size, {1: 4001, 2: 501}[size])
    one = case(name, size)
    log_p = jax.jit(one.prior.log_density)(one.variables, jnp.asarray(nodes))
    return np.exp(np.asarray(log_p, np.float64)), nodes.astype(np.float64), weights


@pytest.mark.parametrize("size", [1, 2])
@pytest.mark.parametrize("name", NAMES)
def test_density_integrates_to_one(name, size):
    p, _, weights = density(name, size)
    print(f"{name} in {size}-D: {np.sum(p * weights):.7f}")
    assert np.sum(p * weights) == pytest.approx(1.0, abs=1e-4)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "student_t"])
def test_samples_match_the_densitys_moments(name):
    """First, second and mixed moments in 2-D, each within four standard errors of quadrature."""
    one = case(name, 2)
    drawn = np.asarray(one.prior.sample(one.variables, jax.random.key(3), DRAWS), np.float64)
    p, nodes, weights = density(name, 2)
    moments = {
        "first": lambda z: z[:, 0],
        "second": lambda z: z[:, 1] ** 2,
        "mixed": lambda z: z[:, 0] * z[:, 1],
        "bounded": lambda z: np.tanh(z[:, 0] - 2 * z[:, 1]),
    }
    for moment, f in moments.items():
        values = f(drawn)
        error = values.mean() - np.sum(p * weights * f(nodes))
        assert abs(error) < 4 * values.std() / np.sqrt(DRAWS), moment


def test_mixture_against_its_components():
    one = case("mixture", 2)
    params = one.variables["params"]["latent"]["prior"]
    logits, mean, sd = (np.float64(params[n]) for n in ("logits", "mean", "logvar"))
    weights, sd = np.exp(logits) / np.exp(logits).sum(), np.exp(0.5 * sd)
    z = np.random.default_rng(0).normal(size=(50, 2))
    parts = [stats.norm(m, s).pdf(z).prod(1) for m, s in zip(mean, sd, strict=True)]
    found = one.prior.log_density(one.variables, jnp.float32(z))
    np.testing.assert_allclose(found, np.log(weights @ np.array(parts)), rtol=2e-5, atol=2e-5)


def test_vamp_is_the_mean_of_posteriors_at_its_pseudo_inputs():
    one, (nets, _) = case("vamp", 2), vamp_parts(2)
    u = jax.nn.sigmoid(one.variables["params"]["latent"]["prior"]["pseudo_inputs"])
    h = np.float64(nets.encode(one.variables["params"], u))
    z = np.random.default_rng(0).normal(size=(50, 2))
    parts = [stats.norm(q[:2], np.exp(0.5 * q[2:])).pdf(z).prod(1) for q in h]
    assert len(parts) == 4
    found = one.prior.log_density(one.variables, jnp.float32(z))
    np.testing.assert_allclose(found, np.log(np.mean(parts, axis=0)), rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("size", [1, 3, 32])
@pytest.mark.parametrize("dof", [0.5, 3.0, 30.0, 1e3, 1e6])
def test_student_t_against_scipy(size, dof):
    z = np.random.default_rng(0).normal(size=(20, size)) * np.logspace(-1, 2, 20)[:, None]
    exact = stats.multivariate_t(np.zeros(size), np.eye(size), df=dof).logpdf(z)
    found = student_t_log_density(jnp.float32(z), jnp.float32(dof))
    np.testing.assert_allclose(found, np.reshape(exact, -1), rtol=2e-5, atol=2e-4)


def test_student_t_samples_have_its_variance_and_its_tails():
    prior, dof = priors.student_t(2), 9.0
    variables = {"params": {}, "extra": {"dof": jnp.float32(dof)}}
    z = np.asarray(prior.sample(variables, jax.random.key(0), DRAWS), np.float64)
    for values, exact in (
        (z[:, 0] ** 2, dof / (dof - 2)),
        (z[:, 1] ** 2, dof / (dof - 2)),
        (z[:, 0] * z[:, 1], 0.0),
        # One scale for the whole vector: its squares are not independent.
        (z[:, 0] ** 2 * z[:, 1] ** 2, dof**2 / ((dof - 2) * (dof - 4))),
    ):
        assert abs(values.mean() - exact) < 4 * values.std() / np.sqrt(DRAWS)
    assert stats.kstest(z[:20_000, 0], stats.t(dof).cdf).pvalue > 1e-3
    heavy = {"params": {}, "extra": {"dof": jnp.float32(0.5)}}
    extreme = prior.sample(heavy, jax.random.key(1), 1000)
    assert np.isfinite(extreme).all()


def test_skew_normal_against_scipy_in_one_dimension():
    z = np.linspace(-6, 6, 101)
    for loc, sd, push in ((0.3, 0.7, 1.5), (-1.0, 1.2, -0.4), (0.0, 1.0, 0.0)):
        total = np.hypot(sd, push)
        exact = stats.skewnorm(push / sd, loc, total).logpdf(z)
        column = jnp.float32(z)[:, None]
        like = lambda v, column=column: jnp.full_like(column, v)
        found = skew.skew_normal_log_density(column, like(loc), like(2 * np.log(sd)), like(push))
        np.testing.assert_allclose(found, exact, rtol=2e-4, atol=2e-5)


def test_skew_normal_against_its_own_definition_in_three_dimensions():
    """log of the integral over u of N(z; xi + lambda |u|, D) N(u; 0, 1)."""
    rng = np.random.default_rng(1)
    loc, logvar, push = rng.normal(size=3), rng.normal(size=3), rng.normal(size=3)
    z = loc + 2 * rng.normal(size=(30, 3))
    u = np.linspace(-10, 10, 20_001)
    each = stats.norm(loc + push * np.abs(u)[:, None], np.exp(0.5 * logvar))
    exact = [np.trapezoid(each.pdf(row).prod(1) * stats.norm.pdf(u), u) for row in z]
    parts = (jnp.broadcast_to(jnp.float32(v)[None, :], (30, 3)) for v in (loc, logvar, push))
    found = skew.skew_normal_log_density(jnp.float32(z), *parts)
    np.testing.assert_allclose(found, np.log(exact), rtol=1e-4, atol=1e-4)


def test_skew_normal_samples_have_its_mean_covariance_and_skewness():
    loc, logvar, push = np.array([0.5, -1.0]), np.array([0.2, -0.7]), np.array([1.5, -0.8])
    parts = (jnp.broadcast_to(jnp.float32(v)[None, :], (DRAWS, 2)) for v in (loc, logvar, push))
    z = np.asarray(skew.skew_normal_sample(jax.random.key(0), *parts), np.float64)
    mean = loc + push * np.sqrt(2 / np.pi)
    covariance = np.diag(np.exp(logvar)) + (1 - 2 / np.pi) * np.outer(push, push)
    third = np.sqrt(2 / np.pi) * (4 / np.pi - 1) * push**3  # central moment of lambda |u|
    centred = z - mean
    np.testing.assert_allclose(skew.skew_normal_mean(loc, push), mean)
    skewness = third / np.diag(covariance) ** 1.5
    for values, exact in (
        (z, mean),
        (centred**2, np.diag(covariance)),
        (centred[:, 0] * centred[:, 1], covariance[0, 1]),
        (centred**3 / np.diag(covariance) ** 1.5, skewness),
    ):
        assert (np.abs(values.mean(0) - exact) < 4 * values.std(0) / np.sqrt(DRAWS)).all()
    print("skewness:", skewness, "found:", stats.skew(z))
    assert (np.abs(skewness) > 0.15).all()


def test_a_prior_without_components_says_so():
    with pytest.raises(ConfigError, match="components=0 is out of range"):
        priors.mixture(2, 0)
