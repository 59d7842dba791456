import decimal

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, special, stats

from aejax.errors import ConfigError
from aejax.losses import (
    bernoulli_kl,
    gaussian_kl,
    gaussian_kl_between,
    gaussian_kl_per_dim,
    gaussian_kl_term,
)
from aejax.losses.divergences import excess
from aejax.types import Forward, Latent

MEAN = np.array([[0, 1, -1, 0.5], [2, 0, 0, 0], [0, 0, 0, 0], [-3, 3, 0.1, -0.1]], np.float32)
LOGVAR = np.array([[0, 0, 1, -1], [0.5, -2, 2, 0], [0, 0, 0, 0], [-4, 1, 0.2, -0.3]], np.float32)
GAUSSIANS = [(0.0, 0.0), (1.5, -2.0), (-0.3, 1.2), (4.0, 0.5), (0.01, -0.02)]

kl_per_dim, kl_bernoulli = jax.jit(gaussian_kl_per_dim), jax.jit(bernoulli_kl)
finite = st.floats(-20, 20, width=32, allow_subnormal=False)
unit = st.floats(0, 1, width=32, allow_subnormal=False)  # XLA flushes them to zero


def quadrature(q, p):
    """KL of two frozen scipy distributions by adaptive quadrature."""

    def integrand(x):
        return np.exp(q.logpdf(x)) * (q.logpdf(x) - p.logpdf(x))

    centre, width = q.mean(), q.std()
    return integrate.quad(integrand, centre - 12 * width, centre + 12 * width, limit=200)[0]


@pytest.mark.parametrize(("mean", "logvar"), GAUSSIANS)
def test_gaussian_kl_is_the_integral(mean, logvar):
    ours = gaussian_kl(jnp.array([[mean]]), jnp.array([[logvar]]))[0]
    expected = quadrature(stats.norm(mean, np.exp(logvar / 2)), stats.norm(0, 1))
    np.testing.assert_allclose(ours, expected, rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize(("mean", "logvar"), GAUSSIANS)
@pytest.mark.parametrize(("to_mean", "to_logvar"), [(0.0, 0.0), (1.0, -1.0), (-2.0, 1.5)])
def test_gaussian_kl_between_is_the_integral(mean, logvar, to_mean, to_logvar):
    arrays = [jnp.array([[v]]) for v in (mean, logvar, to_mean, to_logvar)]
    expected = quadrature(
        stats.norm(mean, np.exp(logvar / 2)), stats.norm(to_mean, np.exp(to_logvar / 2))
    )
    np.testing.assert_allclose(gaussian_kl_between(*arrays)[0], expected, rtol=1e-5, atol=1e-9)


def test_gaussian_kl_is_the_monte_carlo_mean():
    noise = np.random.default_rng(0).normal(size=(100_000, 4))
    for mean, logvar, ours in zip(MEAN, LOGVAR, gaussian_kl(MEAN, LOGVAR), strict=True):
        z = mean + np.exp(logvar / 2) * noise
        log_ratio = stats.norm.logpdf(z, mean, np.exp(logvar / 2)) - stats.norm.logpdf(z)
        draws = log_ratio.sum(axis=1)
        assert abs(draws.mean() - ours) <= 4 * draws.std() / len(draws) ** 0.5 + 1e-5


def test_golden_numbers():
    """The literals come from the textbook formulas in float64 NumPy and scipy.special.rel_entr."""
    np.testing.assert_allclose(
        gaussian_kl(MEAN, LOGVAR), [1.6680806, 4.8365563, 0.0, 10.9094092], rtol=2e-6
    )
    np.testing.assert_allclose(
        gaussian_kl_per_dim(MEAN, LOGVAR)[0], [0.0, 0.5, 0.8591409, 0.3089397], rtol=2e-6
    )
    p = np.abs(MEAN) / 4
    q = np.linspace(0.1, 0.85, 16, dtype=np.float32).reshape(4, 4)
    np.testing.assert_allclose(
        jnp.sum(bernoulli_kl(p, q), axis=1), [0.194815, 1.6266222, 3.4577677, 3.2008861], rtol=5e-6
    )


def test_between_with_a_standard_normal_is_gaussian_kl():
    zero = jnp.zeros((4, 4))
    ours = gaussian_kl_between(MEAN, LOGVAR, zero, zero)
    np.testing.assert_allclose(ours, gaussian_kl(MEAN, LOGVAR), rtol=1e-6)
    assert gaussian_kl_between(MEAN, LOGVAR, MEAN, LOGVAR).tolist() == [0.0] * 4


@pytest.mark.parametrize("t", [1e-7, 1e-4, 1e-2, 0.0299, 0.0301, 0.5, 5.0])
@pytest.mark.parametrize("sign", [1, -1])
def test_excess_keeps_its_digits(t, sign):
    t = np.float32(sign * t)
    exact = decimal.Decimal(float(t))
    with decimal.localcontext() as context:
        context.prec = 50
        exact = exact.exp() - 1 - exact
    np.testing.assert_allclose(excess(jnp.asarray(t)), float(exact), rtol=5e-6)


@given(st.lists(st.tuples(finite, finite), min_size=4, max_size=4))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_gaussian_kl_is_never_negative_and_zero_at_the_prior_only(rows):
    mean, logvar = np.array(rows, np.float32).T
    per_dim = np.asarray(kl_per_dim(mean[:, None], logvar[:, None]))[:, 0]
    assert (per_dim >= 0).all()
    # Below 1e-18 the square leaves float32; a KL of 1e-36 nats is nobody's concern.
    away = (np.abs(mean) > 1e-18) | (np.abs(logvar) > 1e-18)
    assert (per_dim[away] > 0).all()
    assert gaussian_kl(jnp.zeros((1, 3)), jnp.zeros((1, 3)))[0] == 0


@given(st.lists(st.tuples(unit, unit), min_size=4, max_size=4))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_bernoulli_kl_is_scipys_and_never_negative(rows):
    p, q = np.array(rows, np.float32).T
    ours = np.asarray(kl_bernoulli(p, q))
    wide_p, wide_q = p.astype(np.float64), q.astype(np.float64)
    expected = special.rel_entr(wide_p, wide_q) + special.rel_entr(1 - wide_p, 1 - wide_q)
    # 1 - q is rounded to float32: that is an error of half a unit in the last place of 1.
    np.testing.assert_allclose(ours, expected, rtol=1e-4, atol=2e-6)
    assert (ours >= 0).all()
    assert (np.asarray(kl_bernoulli(p, p)) == 0).all()


def test_bernoulli_kl_at_the_ends():
    ends = np.array([[0.0, 1.0, 0.0, 1.0, 0.5], [0.0, 1.0, 0.25, 0.25, 0.0]], np.float32)
    kl = kl_bernoulli(*ends)
    np.testing.assert_allclose(kl, [0, 0, -np.log(0.75), -np.log(0.25), np.inf], rtol=1e-6)
    slope = jax.jit(jax.grad(lambda q, p: bernoulli_kl(p, q).sum()))
    p, q = np.array([[0.0, 1.0, 0.3], [0.25, 0.25, 0.3]], np.float32)
    np.testing.assert_allclose(slope(q, p), [4 / 3, -4, 0], atol=1e-6)


d_gaussian_kl = jax.jit(jax.grad(lambda m, v: gaussian_kl(m, v).sum(), argnums=(0, 1)))


def test_extremes_are_finite_in_value_and_gradient():
    mean = np.array([[1e3, -1e3, 0.0, 1e3]], np.float32)
    logvar = np.array([[30.0, -30.0, 30.0, 0.0]], np.float32)
    assert np.isfinite(gaussian_kl(mean, logvar)).all()
    assert all(np.isfinite(g).all() for g in d_gaussian_kl(mean, logvar))
    between = jax.jit(
        jax.grad(lambda m, v: gaussian_kl_between(m, v, -m, -v).sum(), argnums=(0, 1))
    )
    assert all(np.isfinite(g).all() for g in between(mean, logvar))


def test_gradient_is_the_formulas():
    d_mean, d_logvar = d_gaussian_kl(MEAN, LOGVAR)
    np.testing.assert_allclose(d_mean, MEAN, rtol=1e-6)
    np.testing.assert_allclose(d_logvar, np.expm1(LOGVAR) / 2, rtol=1e-5, atol=1e-7)


def test_term_reads_the_latent():
    empty = Forward(**dict.fromkeys(Forward._fields))
    latent = Latent(z=MEAN, mean=jnp.asarray(MEAN), logvar=jnp.asarray(LOGVAR))
    term = gaussian_kl_term()
    np.testing.assert_array_equal(
        term(empty._replace(latent=latent), {}), gaussian_kl(MEAN, LOGVAR)
    )
    with pytest.raises(ConfigError, match=r"latent\.logvar=None .* Allowed: .*'gaussian'"):
        term(empty._replace(latent=latent._replace(logvar=None)), {})
