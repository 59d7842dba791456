"""Affine autoregressive flows: one map, and two names for its two directions.

As a posterior the fast direction makes samples (IAF, Kingma 2016); as a prior it measures density
(MAF, Papamakarios 2017), and samples are made one dimension after the other.
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp

from aejax.errors import lookup
from aejax.latents.deterministic import check_latent
from aejax.latents.flows.base import Flow, check_flows
from aejax.nets.made import made
from aejax.types import Array, PyTree


def _gate(m: Array, s: Array) -> tuple[Array, Array]:
    """sigma x + (1 - sigma) m, sigma = sigmoid(s + 2): a gate that starts open. Kingma 2016, 13."""
    s = s + 2.0
    return jax.nn.sigmoid(-s) * m, jax.nn.log_sigmoid(s)


def _exponential(m: Array, s: Array) -> tuple[Array, Array]:
    """e^s x + m, |s| under 5 by a tanh so that no layer overflows. Papamakarios 2017, eq. 4."""
    return m, 5.0 * jnp.tanh(s / 5.0)


# What a conditioner's two outputs mean: (m, s) -> (shift, log of the scale).
SCALES: dict[str, Callable[[Array, Array], tuple[Array, Array]]] = {
    "gate": _gate,
    "exponential": _exponential,
}


def autoregressive(
    size: int,
    flows: int,
    widths: tuple[int, ...] = (64,),
    *,
    context: int = 0,
    scale: str = "gate",
    activation: str = "elu",
) -> Flow:
    """T layers z_i = e^{a_i} u_i + b_i, a_i and b_i functions of u_1..u_{i-1} and of a context.

    Kingma et al. 2016, eq. 9 to 14; Papamakarios et al. 2017. Every second layer takes the
    dimensions in reverse order. `forward` is one pass a layer; `inverse` takes L passes.

    Args:
      size: L.
      flows: T; none is the identity.
      widths: of the hidden layers of each layer's MADE.
      context: C, size of what each layer is conditioned on; 0 for nothing.
      scale: a name of SCALES.
      activation: of the MADEs.

    Raises:
      ConfigError: flows below 0, a width below 1, unknown names.
    """
    size, flows = check_latent(size), check_flows(flows)
    affine = lookup("scale", scale, SCALES)
    conditioner = made(size, widths, context=context, activation=activation)

    def init(key: Array) -> PyTree:
        def one(i: Array) -> PyTree:
            return conditioner.init(jax.random.fold_in(key, i), jnp.zeros((1, size)))

        return jax.vmap(one)(jnp.arange(flows)) if flows else {}

    def moves(params: PyTree, u: Array, h: Array | None) -> tuple[Array, Array]:
        out = conditioner.apply(params, u, h)
        return affine(out[:, 0], out[:, 1])

    def layer(params: PyTree, u: Array, h: Array | None) -> tuple[Array, Array]:
        shift, log_scale = moves(params, u, h)
        return jnp.exp(log_scale) * u + shift, jnp.sum(log_scale, axis=-1)

    def unlayer(params: PyTree, z: Array, h: Array | None) -> tuple[Array, Array]:
        def step(i: Array, u: Array) -> Array:
            # Dimensions that are not known yet stay zero, and so finite behind the masks.
            shift, log_scale = moves(params, u, h)
            return jnp.where(jnp.arange(size)[None, :] == i, (z - shift) * jnp.exp(-log_scale), u)

        u = jax.lax.fori_loop(0, size, step, jnp.zeros_like(z))
        return u, -jnp.sum(moves(params, u, h)[1], axis=-1)

    def through(one, backwards: bool):
        def run(params: PyTree, u: Array, h: Array | None) -> tuple[Array, Array]:
            start = (u, jnp.zeros(u.shape[:1], u.dtype))
            if not flows:
                return start

            def step(carry: tuple[Array, Array], this: tuple[PyTree, Array]):
                (u, log_det), (own, odd) = carry, this
                u = jnp.where(odd, u[:, ::-1], u)
                z, more = one(own, u, h)
                return (jnp.where(odd, z[:, ::-1], z), log_det + more), None

            layers = (params, jnp.arange(flows) % 2 == 1)
            (z, log_det), _ = jax.lax.scan(step, start, layers, reverse=backwards)
            return z, log_det

        return run

    return Flow(init=init, forward=through(layer, False), inverse=through(unlayer, True))
