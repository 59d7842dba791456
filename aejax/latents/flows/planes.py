"""Planar flows, with parameters of each example's own."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp

from aejax.types import Array

SHIFT = math.log(math.e - 1)  # softplus(SHIFT) = 1
LEAST = 1e-4  # the least slope along w: what float32 can still invert


def constrained(u: Array, w: Array) -> tuple[Array, Array]:
    """Returns u_hat, for which the map is invertible, and 1 + w'u_hat > 0. Rezende 2015, A.1.

    Equation: u_hat = u + (m(w'u) - w'u) w / |w|^2, m(a) = -1 + softplus(a) in the paper. Here
    m(a) = -1 + LEAST + (1 - LEAST) softplus(a + log(e - 1)): m(0) = 0, so that u = 0 is the
    identity.
    """
    a = jnp.sum(w * u, axis=-1)
    square = jnp.sum(jnp.square(w), axis=-1)
    share = square / (square + 1e-8)  # 1 but for w = 0, where there is no direction to correct
    slope = LEAST + (1.0 - LEAST) * jax.nn.softplus(a + SHIFT)  # 1 + m(a)
    along = (slope - 1.0 - a) / (square + 1e-8)
    return u + along[..., None] * w, share * slope + (1.0 - share) * (1.0 + a)


def planar_layer(z: Array, u: Array, w: Array, b: Array) -> tuple[Array, Array]:
    """z + u_hat tanh(w'z + b) and its log |det|. Rezende & Mohamed 2015, eq. 10 and 12.

    Args:
      z: [B, L].
      u, w: [B, L].
      b: [B].

    Returns:
      The image [B, L] and log(1 + (1 - tanh^2(w'z + b)) w'u_hat) [B], in nats.
    """
    u, slope = constrained(u, w)
    bend = jnp.tanh(jnp.sum(w * z, axis=-1) + b)
    square = jnp.square(bend)
    # The same determinant as a mean of 1 and the slope along w: a sum of positive numbers.
    return z + u * bend[:, None], jnp.log(square + (1.0 - square) * slope)


def planar(z: Array, u: Array, w: Array, b: Array) -> tuple[Array, Array]:
    """T planar layers: z [B, L], u and w [T, B, L], b [T, B] -> image [B, L], log |det| [B]."""

    def step(carry: tuple[Array, Array], layer: tuple[Array, Array, Array]):
        z, log_det = carry
        z, more = planar_layer(z, *layer)
        return (z, log_det + more), None

    (z, log_det), _ = jax.lax.scan(step, (z, jnp.zeros(z.shape[:1], z.dtype)), (u, w, b))
    return z, log_det
