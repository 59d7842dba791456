"""Group normalisation of images."""

from __future__ import annotations

import jax.numpy as jnp
from jax import lax

from aejax.nets.conv import LAYOUTS, Layout
from aejax.types import Array


def group_norm(
    x: Array,
    scale: Array,
    bias: Array,
    groups: int,
    epsilon: float = 1e-5,
    layout: Layout = LAYOUTS["channels_last"],
) -> Array:
    """Normalises each example's channels in groups. Wu & He 2018, eq. 1 and 2.

    Equation: y = scale (x - mu_g) / sqrt(var_g + epsilon) + bias, where mu_g and var_g run over all
    pixels and over the C / groups channels of one group of one example: no example sees another.

    Args:
      x: [B, H, W, C], or as `layout` orders it.
      scale, bias: [C].
      groups: divides C.
      epsilon: keeps a constant group finite.
      layout: the order of x's axes.
    """

    def over_group(y: Array) -> Array:
        by_channel = layout.leave(jnp.mean(y, axis=(1, 2), keepdims=True))
        b, _, _, c = by_channel.shape
        by_group = jnp.mean(by_channel.reshape(b, groups, c // groups), axis=2, keepdims=True)
        spread = jnp.broadcast_to(by_group, (b, groups, c // groups))
        return layout.enter(spread.reshape(b, 1, 1, c))

    centred = x - over_group(x)
    normal = centred * lax.rsqrt(over_group(jnp.square(centred)) + epsilon)
    return normal * layout.by_channel(scale) + layout.by_channel(bias)
