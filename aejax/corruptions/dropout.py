"""Dropout of what a user likes, of rows of unit length. Liang et al. 2018, section 4.3."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from aejax.hparams import HParam, Range
from aejax.types import Array, Corruption, Hparams


def unit_length(x: Array) -> Array:
    """Returns rows [B, ...] divided by their lengths; a row of zeros stays one."""
    squares = jnp.sum(jnp.square(x), axis=tuple(range(1, x.ndim)), keepdims=True)
    return x * jax.lax.rsqrt(jnp.maximum(squares, 1e-12))


def unit_dropout(level: float = 0.5) -> Corruption:
    """Rows brought to unit length, then each feature set to zero or divided by 1 - nu.

    Equation: x_in = m x / (|x| (1 - nu)), m_j ~ Bernoulli(1 - nu), nu = hp["corruption"]: in the
    mean over m it is the row at unit length, which the encoder reads in evaluation.
    """

    def apply(key: Array, x: Array, hp: Hparams) -> tuple[Array, Array]:
        dropped = jax.random.uniform(key, x.shape) < hp["corruption"]
        kept = unit_length(x) / (1 - hp["corruption"])
        return jnp.where(dropped, 0.0, kept), dropped

    share = Range(0.0, 1.0, open_high=True)
    meaning = "probability that a feature is dropped"
    return Corruption(apply, (HParam("corruption", level, share, "nu", meaning),))
