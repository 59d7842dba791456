"""The restricted multivariate skew normal, as a prior.

As a posterior see `aejax.latents.skew_normal`.
"""

from __future__ import annotations

import jax.numpy as jnp

from aejax.latents.priors.base import Prior, own
from aejax.latents.skew_normal import skew_normal_log_density, skew_normal_sample
from aejax.types import Array, Variables


def skew_normal(size: int) -> Prior:
    """p(z) = rMSN(z; 0, I, lambda), lambda learned; it starts at zero, which is N(0, I).

    Partaourides & Chatzis 2017, whose posterior has the same form.

    Args:
      size: L.
    """

    def parts(variables: Variables) -> tuple[Array, Array, Array]:
        skew = own(variables)["skew"]
        return jnp.zeros_like(skew), jnp.zeros_like(skew), skew

    return Prior(
        log_density=lambda variables, z: skew_normal_log_density(
            z, *(part[None, :] for part in parts(variables))
        ),
        sample=lambda variables, key, n: skew_normal_sample(
            key, *(jnp.broadcast_to(part[None, :], (n, size)) for part in parts(variables))
        ),
        init=lambda key: {"skew": jnp.zeros(size, jnp.float32)},
    )
