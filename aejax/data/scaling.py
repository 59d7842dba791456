"""The one scale of pixels: bytes are 255ths, floats are what they are."""

from __future__ import annotations

import jax
import jax.numpy as jnp

Array = jax.Array


def to_float(x: Array) -> Array:
    """Returns pixels as float32: uint8 tables are scaled to [0, 1], float tables stay."""
    if x.dtype == jnp.uint8:
        return x.astype(jnp.float32) * (1.0 / 255.0)
    return x.astype(jnp.float32)
