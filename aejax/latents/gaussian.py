"""Gaussian posteriors and the standard normal prior."""

from __future__ import annotations

import math
from collections.abc import Callable

import jax
import jax.numpy as jnp

from aejax.latents.deterministic import check_latent, deterministic
from aejax.types import Array, Latent, LatentSpace, Variables


def matched(size: int) -> LatentSpace:
    """A deterministic code that a loss draws to N(0, I). Makhzani 2016; Tolstikhin 2018."""
    return deterministic(size)._replace(prior=standard_normal(check_latent(size)))


def standard_normal(size: int) -> Callable[[Variables, Array, int], Array]:
    """Draws of N(0, I), as `LatentSpace.prior` takes them: (variables, key, n) -> [n, size]."""
    return lambda variables, key, n: jax.random.normal(key, (n, size), jnp.float32)


def normal_log_density(z: Array, mean: Array, logvar: Array) -> Array:
    """log N(z; mean, diag exp(logvar)) in nats, summed over the last axis: [..., L] -> [...]."""
    # One square of a ratio, not a square times a precision: exp(-logvar) overflows first.
    scaled = jnp.square((z - mean) * jnp.exp(-0.5 * logvar))
    return -0.5 * jnp.sum(math.log(2 * math.pi) + logvar + scaled, axis=-1)


def standard_log_density(z: Array) -> Array:
    """log N(z; 0, I) in nats, summed over the last axis: [..., L] -> [...]."""
    return -0.5 * jnp.sum(math.log(2 * math.pi) + jnp.square(z), axis=-1)


def standard_log_prior(variables: Variables, z: Array) -> Array:
    """`LatentSpace.log_prior` of N(0, I): by it a metric knows that the prior is that one."""
    return standard_log_density(z)


def gaussian(size: int) -> LatentSpace:
    """q(z|x) = N(mean, diag exp(logvar)) by reparameterisation.

    Prior N(0, I). Kingma & Welling 2013, eq. 10.
    """
    size = check_latent(size)

    def apply(variables: Variables, h: Array, key: Array | None) -> Latent:
        mean, logvar = jnp.split(h, 2, axis=-1)
        if key is None:
            return Latent(z=mean, mean=mean, logvar=logvar)
        noise = jax.random.normal(key, mean.shape, mean.dtype)
        return Latent(z=mean + jnp.exp(0.5 * logvar) * noise, mean=mean, logvar=logvar)

    return LatentSpace(
        size=size,
        outputs=2 * size,
        apply=apply,
        prior=standard_normal(size),
        log_prior=standard_log_prior,
        log_posterior=lambda latent, z: normal_log_density(z, latent.mean, latent.logvar),
    )
