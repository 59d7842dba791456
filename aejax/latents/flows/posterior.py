"""Posteriors through a flow: q(z | x) knows the density of its own sample alone."""

from __future__ import annotations

from collections.abc import Callable

import jax.numpy as jnp

from aejax.errors import check_size
from aejax.latents.deterministic import check_latent
from aejax.latents.flows.base import Flow, check_flows
from aejax.latents.flows.masked import autoregressive
from aejax.latents.flows.planes import planar
from aejax.latents.gaussian import gaussian, normal_log_density
from aejax.types import Array, Latent, LatentSpace, PyTree, Variables

# (variables, what the encoder emits beside mean and log-variance [B, R], z_0) -> (z, log |det|)
Through = Callable[[Variables, Array, Array], tuple[Array, Array]]


def flowed(
    size: int, rest: int, flow: Through, init: Callable[[Array], PyTree] | None = None
) -> LatentSpace:
    """z = f(z_0), z_0 ~ N(mean(x), diag s^2(x)): log q(z | x) = log q(z_0 | x) - log |det df/dz_0|.

    Rezende & Mohamed 2015, eq. 13. `Latent.aux` is log q(z | x) [B] at `Latent.z`. The
    deterministic code is the image of the mean.

    Args:
      size: L.
      rest: R, what the encoder emits for the flow: 2 L + R numbers altogether.
      flow: f.
      init: of the flow's own parameters, to be found at params["latent"]["flow"].
    """
    base = gaussian(size)

    def apply(variables: Variables, h: Array, key: Array | None) -> Latent:
        start = base.apply(variables, h[:, : base.outputs], key)
        assert start.logvar is not None
        given = h[:, base.outputs :]
        z, log_det = flow(variables, given, start.z)
        mean = z if key is None else flow(variables, given, start.mean)[0]
        return Latent(
            z=z,
            mean=mean,
            aux=normal_log_density(start.z, start.mean, start.logvar) - log_det,
        )

    return base._replace(
        outputs=base.outputs + rest,
        apply=apply,
        init=init and (lambda key: {"params": {"flow": init(key)}, "extra": {}}),
        log_posterior=lambda latent, z: latent.aux,
    )


def planar_posterior(size: int, flows: int = 4) -> LatentSpace:
    """T planar layers whose u, w and b the encoder emits for each x. Rezende & Mohamed 2015.

    Args:
      size: L; the encoder emits 2 L + T (2 L + 1) numbers.
      flows: T; none leaves the Gaussian posterior.

    Raises:
      ConfigError: sizes out of range.
    """
    size, flows = check_latent(size), check_flows(flows)

    def flow(variables: Variables, rest: Array, z: Array) -> tuple[Array, Array]:
        layers = jnp.moveaxis(rest.reshape(rest.shape[0], flows, 2 * size + 1), 1, 0)
        return planar(z, layers[..., :size], layers[..., size:-1], layers[..., -1])

    return flowed(size, flows * (2 * size + 1), flow)


def iaf_posterior(
    size: int, flows: int = 2, widths: tuple[int, ...] = (64,), context: int = 32
) -> LatentSpace:
    """T inverse autoregressive layers, conditioned on what the encoder emits. Kingma et al. 2016.

    Args:
      size: L; the encoder emits 2 L + C numbers.
      flows: T; none leaves the Gaussian posterior, without a context.
      widths: of the MADEs.
      context: C.

    Raises:
      ConfigError: sizes out of range.
    """
    context = check_size("context", context, 0)
    iaf: Flow = autoregressive(size, flows, widths, context=context)
    if not flows:
        return gaussian(size)

    def flow(variables: Variables, rest: Array, z: Array) -> tuple[Array, Array]:
        return iaf.forward(variables["params"]["latent"]["flow"], z, rest)

    return flowed(size, context, flow, iaf.init)
