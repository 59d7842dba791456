"""Maximum mean discrepancy and moment penalties, against loops, closed forms and NumPy."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from aejax.errors import ConfigError
from aejax.latents.deterministic import deterministic
from aejax.latents.gaussian import matched
from aejax.losses import discrepancy
from aejax.types import Forward, Latent

DRAWS, N, L = 20_000, 10, 3


@functools.partial(jax.jit, static_argnums=(0, 2))
def many(kernel: str, shift: jax.Array, m: int = N) -> jax.Array:
    """The estimate for many pairs of samples of N(0, I) [N, L] and N(shift, I) [m, L]."""

    def one(key):
        x = jax.random.normal(jax.random.fold_in(key, 0), (N, L))
        y = jax.random.normal(jax.random.fold_in(key, 1), (m, L)) + shift[None]
        return discrepancy.mmd_sq(x, y, kernel)

    return jax.vmap(one)(jax.random.split(jax.random.key(1), DRAWS))


@pytest.mark.parametrize("kernel", ["imq", "rbf"])
@pytest.mark.parametrize("m", [N, 4])
def test_mmd_is_unbiased_for_equal_distributions(kernel, m):
    values = np.asarray(many(kernel, jnp.zeros(L), m), np.float64)
    score = values.mean() / (values.std() / np.sqrt(DRAWS))
    print(f"{kernel}, m={m}: mean {values.mean():.5f}, {score:.2f} standard errors")
    assert abs(score) < 3
    assert (values < 0).any()  # an estimate that cannot be negative is not unbiased


@pytest.mark.parametrize("kernel", ["imq", "rbf"])
def test_mmd_is_positive_for_different_distributions(kernel):
    values = np.asarray(many(kernel, jnp.asarray([1.0, -0.5, 0.0])), np.float64)
    assert values.mean() > 20 * values.std() / np.sqrt(DRAWS)


def test_mmd_between_gaussians_has_its_closed_form():
    """E exp(-|u|^2 / C) = (1 + 4/C)^(-L/2) exp(-|m|^2 / (C + 4)) for u ~ N(m, 2 I)."""
    shift = np.asarray([1.0, -0.5, 0.0])
    values = np.asarray(many("rbf", jnp.asarray(shift, jnp.float32)), np.float64)
    widths = 2 * L * np.asarray(discrepancy.SCALES)
    within = (1 + 4 / widths) ** (-L / 2)
    exact = (2 * within * (1 - np.exp(-(shift @ shift) / (widths + 4)))).sum()
    assert abs(values.mean() - exact) < 3 * values.std() / np.sqrt(DRAWS)


@pytest.mark.parametrize("kernel", ["imq", "rbf"])
def test_mmd_against_loops(kernel):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(5, L)), rng.normal(size=(4, L)) + 1

    def k(a, b):
        distance, total = ((a - b) ** 2).sum(), 0.0
        for scale in discrepancy.SCALES:
            c = 2 * L * scale * 1.7
            total += c / (c + distance) if kernel == "imq" else np.exp(-distance / c)
        return total

    pairs = lambda a: np.mean([k(p, q) for i, p in enumerate(a) for j, q in enumerate(a) if i != j])
    expected = pairs(x) + pairs(y) - 2 * np.mean([k(p, q) for p in x for q in y])
    found = discrepancy.mmd_sq(jnp.float32(x), jnp.float32(y), kernel, scale=1.7)
    assert float(found) == pytest.approx(expected, rel=1e-4, abs=1e-5)


def test_mmd_has_a_finite_gradient_where_codes_coincide():
    x = jnp.zeros((4, 2))
    slope = jax.grad(lambda x: discrepancy.mmd_sq(x, jnp.ones((4, 2))))(x)
    assert np.isfinite(slope).all()
    assert (np.asarray(slope) < 0).all()  # a step down moves the codes towards the other sample


def forward_of(mean: np.ndarray, logvar: np.ndarray | None) -> Forward:
    latent = Latent(z=jnp.float32(mean), mean=jnp.float32(mean),
                    logvar=None if logvar is None else jnp.float32(logvar))  # fmt: skip
    empty = dict.fromkeys(Forward._fields)
    return Forward(**(empty | {"latent": latent, "key": jax.random.key(0), "variables": {}}))


@pytest.mark.parametrize("variant", ["i", "ii"])
def test_dip_penalties_against_numpy(variant):
    rng = np.random.default_rng(1)
    mean, logvar = rng.normal(size=(50, 4)) @ rng.normal(size=(4, 4)), rng.normal(size=(50, 4))
    c = np.cov(mean.T, bias=True)
    c = c + (np.diag(np.exp(logvar).mean(0)) if variant == "ii" else 0.0)
    off = discrepancy.off_diagonal_term(variant)(forward_of(mean, logvar), {})
    diagonal = discrepancy.diagonal_term(variant)(forward_of(mean, logvar), {})
    np.testing.assert_allclose(off, np.full(50, (c**2).sum() - (np.diag(c) ** 2).sum()), rtol=1e-4)
    np.testing.assert_allclose(diagonal, np.full(50, ((np.diag(c) - 1) ** 2).sum()), rtol=1e-4)


def test_dip_two_is_the_covariance_of_the_codes():
    """By sampling: Cov[z] over examples and noise is Cov[mean] + E[variance]."""
    rng = np.random.default_rng(2)
    mean, logvar = rng.normal(size=(40, 3)) @ rng.normal(size=(3, 3)), rng.normal(size=(40, 3))
    noise = rng.normal(size=(20_000, 40, 3))
    z = (mean + np.exp(0.5 * logvar) * noise).reshape(-1, 3)
    found = discrepancy.posterior_covariance(forward_of(mean, logvar))
    np.testing.assert_allclose(found, np.cov(z.T, bias=True), atol=0.03)


def test_wrong_compositions_say_so():
    with pytest.raises(ConfigError, match=r"kernel='imk' is unknown. Did you mean 'imq'"):
        discrepancy.mmd_term(matched(2), "imk")
    with pytest.raises(ConfigError, match="needs samples of a prior"):
        discrepancy.mmd_term(deterministic(2))
    with pytest.raises(ConfigError, match="variant='iii' is unknown"):
        discrepancy.off_diagonal_term("iii")
    with pytest.raises(ConfigError, match=r"latent.logvar=None"):
        discrepancy.diagonal_term("ii")(forward_of(np.zeros((2, 2)), None), {})
