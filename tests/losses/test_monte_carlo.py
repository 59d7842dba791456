"""Divergences by sampling, and the densities of the Gaussian space that they read."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from aejax.errors import ConfigError
from aejax.latents.deterministic import deterministic
from aejax.latents.gaussian import gaussian
from aejax.losses import gaussian_kl
from aejax.losses.monte_carlo import mc_kl_term
from aejax.types import Forward

SPACE = gaussian(3)
EMPTY = {"params": {}, "extra": {}}
H = jax.random.normal(jax.random.key(0), (4, 6))


def test_densities_against_scipy():
    latent = SPACE.apply(EMPTY, H, jax.random.key(1))
    known = stats.norm.logpdf(latent.z, latent.mean, np.exp(0.5 * np.asarray(latent.logvar)))
    np.testing.assert_allclose(SPACE.log_posterior(latent, latent.z), known.sum(1), rtol=1e-5)
    known = stats.norm.logpdf(latent.z).sum(1)
    np.testing.assert_allclose(SPACE.log_prior(EMPTY, latent.z), known, rtol=1e-5)


def test_densities_stay_finite_at_extreme_variances():
    h = jnp.asarray([[0.0, 0.0, 0.0, -80.0, 0.0, 80.0]])
    latent = SPACE.apply(EMPTY, h, jax.random.key(1))
    assert np.isfinite(SPACE.log_posterior(latent, latent.z)).all()


def test_its_mean_is_the_divergence():
    term = mc_kl_term(SPACE)

    def one(key):
        latent = SPACE.apply(EMPTY, H, key)
        fields = dict.fromkeys(Forward._fields) | {"latent": latent, "variables": EMPTY}
        return term(Forward(**fields), {})

    values = np.asarray(jax.vmap(one)(jax.random.split(jax.random.key(2), 20_000)), np.float64)
    mean, logvar = jnp.split(H, 2, axis=-1)
    error = values.std(0) / np.sqrt(len(values))
    assert (np.abs(values.mean(0) - np.asarray(gaussian_kl(mean, logvar))) < 3.5 * error).all()
    assert (values < 0).any()  # a single draw may be negative


def test_a_space_without_densities_says_so():
    with pytest.raises(ConfigError, match="mc_kl_term needs log-densities"):
        mc_kl_term(deterministic(3))
