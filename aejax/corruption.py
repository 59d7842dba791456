"""Corruptions of the input: `apply(key, x, hp) -> (x_in, corrupted)`.

Levels are traced hyper-parameters, so that a sweep over noise levels is one program. Their ranges
are checked where values are known, in the plan of a sweep and in `fit` (`RANGES`).
"""

from __future__ import annotations

from collections.abc import Mapping

import jax
import jax.numpy as jnp

from aejax.errors import check_within
from aejax.keys import stream
from aejax.types import Array, Corruption, Hparams


def none() -> Corruption:
    """The identity."""
    return Corruption(lambda key, x, hp: (x, None), {})


def masking(level: float = 0.3) -> Corruption:
    """Each feature is set to zero with probability nu = hp["corruption"].

    Vincent 2008, section 2.3.
    """

    def apply(key: Array, x: Array, hp: Hparams) -> tuple[Array, Array]:
        corrupted = jax.random.uniform(key, x.shape) < hp["corruption"]
        return jnp.where(corrupted, 0.0, x), corrupted

    return Corruption(apply, {"corruption": level})


def additive_gaussian(level: float = 0.3) -> Corruption:
    """x + sigma e, e ~ N(0, I), sigma = hp["corruption"]. Vincent 2010, section 3.3."""

    def apply(key: Array, x: Array, hp: Hparams) -> tuple[Array, Array]:
        noisy = x + hp["corruption"] * jax.random.normal(key, x.shape, x.dtype)
        return noisy, jnp.ones(x.shape, bool)

    return Corruption(apply, {"corruption": level})


def salt_and_pepper(level: float = 0.3) -> Corruption:
    """Each feature becomes 0 or 1, by a fair coin, with probability nu = hp["corruption"].

    Vincent 2010, section 3.3.
    """

    def apply(key: Array, x: Array, hp: Hparams) -> tuple[Array, Array]:
        corrupted = jax.random.uniform(stream(key, "where"), x.shape) < hp["corruption"]
        value = jax.random.bernoulli(stream(key, "value"), 0.5, x.shape).astype(x.dtype)
        return jnp.where(corrupted, value, x), corrupted

    return Corruption(apply, {"corruption": level})


CORRUPTIONS = {
    "none": none,
    "masking": masking,
    "gaussian": additive_gaussian,
    "salt_and_pepper": salt_and_pepper,
}

# Ranges of traced hyper-parameters, checked when their values are known.
RANGES: dict[str, tuple[float, float]] = {
    "corruption": (0.0, 1.0),
    "rho": (0.0, 1.0),
    "word_dropout": (0.0, 1.0),
    "anneal_rate": (0.0, float("inf")),
    "emphasis_corrupted": (0.0, float("inf")),
    "emphasis_intact": (0.0, float("inf")),
    "mask_fraction": (0.0, 1.0),
    "lr": (0.0, float("inf")),
    "lr_rbm": (0.0, float("inf")),
    "lr_rbm_linear": (0.0, float("inf")),
    "momentum_start": (0.0, 1.0),
    "momentum_switch": (0.0, 1.0),
    "weight_decay": (0.0, float("inf")),
    "b1": (0.0, 1.0),
    "b2": (0.0, 1.0),
    "momentum": (0.0, 1.0),
    "capacity": (0.0, float("inf")),
    "capacity_steps": (0.0, float("inf")),
    "warmup_steps": (0.0, float("inf")),
    "free_nats": (0.0, float("inf")),
    "kernel_scale": (1e-6, float("inf")),
    "num_data": (0.0, float("inf")),
    "sigma": (0.0, float("inf")),
    "k_aux": (0.0, float("inf")),
    "dead_after": (0.0, float("inf")),
    "l0_warmup": (0.0, float("inf")),
}


def check_range(
    name: str, value: float, ranges: Mapping[str, tuple[float, float]] | None = None
) -> None:
    """Raises ConfigError for a hyper-parameter outside its range; NaN is outside of any.

    Args:
      name: of the hyper-parameter.
      value: its value.
      ranges: a model's own, before those for all models.
    """
    low, high = {**RANGES, **(ranges or {})}.get(name, (-float("inf"), float("inf")))
    check_within(name, value, low, high)
