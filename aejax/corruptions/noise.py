"""Corruptions of the input: `apply(key, x, hp) -> (x_in, corrupted)`.

Levels are traced hyper-parameters, so that a sweep over noise levels is one program.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from aejax.hparams import FRACTION, HParam
from aejax.keys import stream
from aejax.types import Array, Corruption, Hparams


def none() -> Corruption:
    """The identity."""
    return Corruption(lambda key, x, hp: (x, None))


def masking(level: float = 0.3) -> Corruption:
    """Each feature is set to zero with probability nu = hp["corruption"].

    Vincent 2008, section 2.3.
    """

    def apply(key: Array, x: Array, hp: Hparams) -> tuple[Array, Array]:
        corrupted = jax.random.uniform(key, x.shape) < hp["corruption"]
        return jnp.where(corrupted, 0.0, x), corrupted

    meaning = "probability that a feature is set to zero"
    return Corruption(apply, (HParam("corruption", level, FRACTION, "nu", meaning),))


def additive_gaussian(level: float = 0.3) -> Corruption:
    """x + sigma e, e ~ N(0, I), sigma = hp["corruption"]. Vincent 2010, section 3.3."""

    def apply(key: Array, x: Array, hp: Hparams) -> tuple[Array, Array]:
        noisy = x + hp["corruption"] * jax.random.normal(key, x.shape, x.dtype)
        return noisy, jnp.ones(x.shape, bool)

    meaning = "standard deviation of the noise, in the unit of x"
    return Corruption(apply, (HParam("corruption", level, symbol="sigma", meaning=meaning),))


def salt_and_pepper(level: float = 0.3) -> Corruption:
    """Each feature becomes 0 or 1, by a fair coin, with probability nu = hp["corruption"].

    Vincent 2010, section 3.3.
    """

    def apply(key: Array, x: Array, hp: Hparams) -> tuple[Array, Array]:
        corrupted = jax.random.uniform(stream(key, "where"), x.shape) < hp["corruption"]
        value = jax.random.bernoulli(stream(key, "value"), 0.5, x.shape).astype(x.dtype)
        return jnp.where(corrupted, value, x), corrupted

    meaning = "probability that a feature becomes 0 or 1"
    return Corruption(apply, (HParam("corruption", level, FRACTION, "nu", meaning),))


CORRUPTIONS = {
    "none": none,
    "masking": masking,
    "gaussian": additive_gaussian,
    "salt_and_pepper": salt_and_pepper,
}
