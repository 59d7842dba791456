"""Mixtures of Gaussians: with components of their own, or the posteriors of learned inputs."""

from __future__ import annotations

from math import isfinite

import jax
import jax.numpy as jnp

from aejax.errors import check_size
from aejax.keys import stream
from aejax.latents.gaussian import normal_log_density
from aejax.latents.priors.base import Prior, own
from aejax.types import Array, LatentSpace, Likelihood, Nets, PyTree, Variables


def check_components(components: int) -> int:
    """Returns `components`; raises ConfigError unless it is an integer of 1 or more."""
    return check_size("components", components)


def mixture_log_density(z: Array, log_weights: Array, mean: Array, logvar: Array) -> Array:
    """log sum_k w_k N(z; mean_k, diag exp(logvar_k)): z [B, L], [K], [K, L], [K, L] -> [B]."""
    each = normal_log_density(z[:, None, :], mean[None], logvar[None])
    return jax.nn.logsumexp(log_weights[None, :] + each, axis=1)


def mixture_sample(key: Array, n: int, log_weights: Array, mean: Array, logvar: Array) -> Array:
    """Draws of the same mixture: [n, L]."""
    chosen = jax.random.categorical(stream(key, "component"), log_weights, shape=(n,))
    noise = jax.random.normal(stream(key, "noise"), (n, mean.shape[1]), mean.dtype)
    return mean[chosen] + jnp.exp(0.5 * logvar[chosen]) * noise


def mixture(size: int, components: int = 10) -> Prior:
    """p(z) = sum_k pi_k N(z; m_k, diag s_k^2), all of it learned. Tomczak 2018, section 2.2 (MoG).

    Equal weights, unit variances and means drawn from N(0, I) at the start, so that the components
    differ. One component with mean zero is N(0, I).

    Args:
      size: L.
      components: K.

    Raises:
      ConfigError: components below 1.
    """
    components = check_components(components)

    def init(key: Array) -> PyTree:
        return {
            "logits": jnp.zeros(components, jnp.float32),
            "mean": jax.random.normal(key, (components, size), jnp.float32),
            "logvar": jnp.zeros((components, size), jnp.float32),
        }

    def parts(variables: Variables) -> tuple[Array, Array, Array]:
        params = own(variables)
        return jax.nn.log_softmax(params["logits"]), params["mean"], params["logvar"]

    return Prior(
        log_density=lambda variables, z: mixture_log_density(z, *parts(variables)),
        sample=lambda variables, key, n: mixture_sample(key, n, *parts(variables)),
        init=init,
    )


def vamp(
    shape: tuple[int, ...],
    space: LatentSpace,
    nets: Nets,
    likelihood: Likelihood,
    components: int = 50,
) -> Prior:
    """p(z) = 1/K sum_k q(z | u_k), with pseudo-inputs u_k learned. Tomczak & Welling 2018, eq. 9.

    With the training set itself for pseudo-inputs it is the aggregated posterior, the best prior of
    the bound. Where the likelihood's support is finite the u_k are kept in it by a sigmoid, which
    passes a gradient everywhere; the authors clip. They start as noise.

    Args:
      shape: of one example.
      space: the Gaussian posterior q.
      nets: whose encoder makes q.
      likelihood: whose support the pseudo-inputs respect.
      components: K.

    Raises:
      ConfigError: components below 1.
    """
    components, (low, high) = check_components(components), likelihood.support
    bounded = isfinite(low) and isfinite(high)

    def init(key: Array) -> PyTree:
        return {"pseudo_inputs": jax.random.normal(key, (components, *shape), jnp.float32)}

    def parts(variables: Variables) -> tuple[Array, Array, Array]:
        u = own(variables)["pseudo_inputs"]
        u = low + (high - low) * jax.nn.sigmoid(u) if bounded else u
        q = space.apply(variables, nets.encode(variables["params"], u), None)
        assert q.logvar is not None
        return jnp.full(components, -jnp.log(components), jnp.float32), q.mean, q.logvar

    return Prior(
        log_density=lambda variables, z: mixture_log_density(z, *parts(variables)),
        sample=lambda variables, key, n: mixture_sample(key, n, *parts(variables)),
        init=init,
    )
