"""The restricted multivariate skew normal: a normal vector, and one half-normal push.

z = xi + e + lambda |u|, with e ~ N(0, D), D = diag exp(logvar), and one u ~ N(0, 1) for the whole
vector. Its density needs no determinant and no inverse beyond those of the diagonal D.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.scipy.special import log_ndtr

from aejax.keys import stream
from aejax.latents.deterministic import check_latent
from aejax.latents.gaussian import normal_log_density, standard_log_prior, standard_normal
from aejax.types import Array, Latent, LatentSpace, Variables

HALF_NORMAL_MEAN = math.sqrt(2 / math.pi)


class SkewNormal(NamedTuple):
    """Parameters of q(z | x), each [B, L]."""

    loc: Array  # xi, where it would be centred without the push
    logvar: Array  # log of D's diagonal
    skew: Array  # lambda


def skew_normal_log_density(z: Array, loc: Array, logvar: Array, skew: Array) -> Array:
    """log rMSN(z; xi, D, lambda) in nats: all [..., L] -> [...]. Partaourides & Chatzis 2017.

    Equation: 2 N(z; xi, Omega) Phi(lambda' D^-1 (z - xi) / sqrt(1 + s)), Omega = D + lambda
    lambda', s = lambda' D^-1 lambda. By Sherman & Morrison's formula N(z; xi, Omega) is
    N(z; xi, D) (1 + s)^(-1/2) exp(a^2 / 2), a the argument of Phi. For a < 0 the last two factors
    are a product of a huge and a tiny number; what stays is their logarithm.
    """
    scale = jnp.exp(-0.5 * logvar)
    push, centred = skew * scale, (z - loc) * scale
    s = jnp.sum(jnp.square(push), axis=-1)
    a = jnp.sum(push * centred, axis=-1) * jax.lax.rsqrt(1.0 + s)
    tilt = 0.5 * jnp.square(a) + log_ndtr(a) + math.log(2)
    return normal_log_density(z, loc, logvar) - 0.5 * jnp.log1p(s) + tilt


def skew_normal_mean(loc: Array, skew: Array) -> Array:
    """E z = xi + lambda sqrt(2 / pi)."""
    return loc + HALF_NORMAL_MEAN * skew


def skew_normal_sample(key: Array, loc: Array, logvar: Array, skew: Array) -> Array:
    """One draw a row, by reparameterisation: [B, L].

    With skewness zero it is what `latents.gaussian` draws from the same key.
    """
    noise = jax.random.normal(key, loc.shape, loc.dtype)
    push = jnp.abs(jax.random.normal(stream(key, "push"), (loc.shape[0], 1), loc.dtype))
    return loc + jnp.exp(0.5 * logvar) * noise + skew * push


def skew_normal_posterior(size: int) -> LatentSpace:
    """q(z | x) = rMSN(z; xi(x), D(x), lambda(x)). Partaourides & Chatzis 2017.

    The prior is N(0, I) until `with_prior` gives it another.

    Args:
      size: L; the encoder emits 3 L numbers.
    """
    size = check_latent(size)

    def apply(variables: Variables, h: Array, key: Array | None) -> Latent:
        q = SkewNormal(*jnp.split(h, 3, axis=-1))
        mean = skew_normal_mean(q.loc, q.skew)
        return Latent(z=mean if key is None else skew_normal_sample(key, *q), mean=mean, aux=q)

    return LatentSpace(
        size=size,
        outputs=3 * size,
        apply=apply,
        prior=standard_normal(size),
        log_prior=standard_log_prior,
        log_posterior=lambda latent, z: skew_normal_log_density(z, *latent.aux),
    )
