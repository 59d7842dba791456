"""A normalising flow as a prior."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from aejax.latents.flows import Flow
from aejax.latents.gaussian import standard_log_density
from aejax.latents.priors.base import Prior, own
from aejax.types import Array, Variables


def flow_prior(size: int, flow: Flow) -> Prior:
    """p(z) = N(f(z); 0, I) |det df/dz|, f = `flow.forward`; samples are f^-1 of noise.

    With an autoregressive flow this is MAF (Papamakarios et al. 2017), whose density takes one pass
    a layer; it is also the prior of Chen et al. 2017, eq. 10.

    Args:
      size: L.
      flow: without a context.
    """

    def log_density(variables: Variables, z: Array) -> Array:
        u, log_det = flow.forward(own(variables), z, None)
        return standard_log_density(u) + log_det

    def sample(variables: Variables, key: Array, n: int) -> Array:
        u = jax.random.normal(key, (n, size), jnp.float32)
        return flow.inverse(own(variables), u, None)[0]

    return Prior(log_density=log_density, sample=sample, init=flow.init)
