"""Student's t: a prior with heavy tails, whose weight is a hyper-parameter."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import betaln

from aejax.hparams import HParam, Range
from aejax.keys import stream
from aejax.latents.priors.base import Prior
from aejax.types import Array


def student_t_log_density(z: Array, dof: Array | float) -> Array:
    """log t(z; 0, I, nu) of the multivariate Student's t, in nats: [..., L] -> [...].

    Equation: Gamma((nu + L) / 2) / (Gamma(nu / 2) (nu pi)^(L/2)) (1 + |z|^2 / nu)^(-(nu + L) / 2).

    The ratio of Gamma functions is taken as one Beta function, which does not cancel for large nu.
    """
    half = z.shape[-1] / 2
    constant = math.lgamma(half) - betaln(0.5 * dof, half) - half * jnp.log(math.pi * dof)
    return constant - (0.5 * dof + half) * jnp.log1p(jnp.sum(jnp.square(z), axis=-1) / dof)


def student_t(size: int, dof: float = 5.0) -> Prior:
    """p(z) = t(z; 0, I, nu), nu = hp["dof"], traced; N(0, I) as nu grows.

    The prior of Kim et al. 2024 (t3-VAE), under the plain bound. Its covariance is nu / (nu - 2) I
    for nu > 2. An outlier costs the logarithm of its distance, and not its square.

    Args:
      size: L.
      dof: default of nu.
    """

    def sample(variables, key: Array, n: int) -> Array:
        dof = variables["extra"]["dof"]
        noise = jax.random.normal(stream(key, "noise"), (n, size), jnp.float32)
        # In logarithms: a gamma variable of small shape is 0 in float32, and the sample no number.
        log_half = jax.random.loggamma(stream(key, "tails"), 0.5 * dof, (n, 1), jnp.float32)
        return noise * jnp.exp(0.5 * (jnp.log(0.5 * dof) - log_half))

    return Prior(
        log_density=lambda variables, z: student_t_log_density(z, variables["extra"]["dof"]),
        sample=sample,
        extra={"dof": np.float32(dof)},
        prepare=lambda extra, hp, step: {**extra, "dof": hp["dof"]},
        hparams=(HParam("dof", dof, Range(1e-3), "nu", "degrees of freedom of the prior"),),
    )
