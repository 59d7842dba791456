"""Bent divergences: what takes the place of KL(q(z | x) || p(z)) in the loss, never in the report.

Each is a Term for `aejax.objectives.surrogate`. Schedules read `forward.step`; evaluation is far
beyond their ends, so that it sees the final objective.
"""

from __future__ import annotations

import jax.numpy as jnp

from aejax.errors import ConfigError
from aejax.hparams import HParam
from aejax.losses.divergences import gaussian_kl_per_dim
from aejax.types import AnyArray, Array, Forward, Hparams, Term

CAPACITY = (
    HParam("capacity", 25.0, symbol="C", meaning="the divergence's target at the end, in nats"),
    HParam("capacity_steps", 1000.0, meaning="steps in which the target rises from 0"),
)
WARMUP = (HParam("warmup_steps", 1000.0, symbol="T", meaning="steps in which the weight rises"),)
FREE = (HParam("free_nats", 0.25, symbol="lambda", meaning="nats of a dimension that are free"),)


def ramp(step: AnyArray, length: AnyArray | float) -> Array:
    """Returns step / length clipped into [0, 1]; a length below 1 counts as 1."""
    return jnp.clip(step / jnp.maximum(length, 1.0), 0.0, 1.0)


def capacity_term(kl: Term) -> Term:
    """|KL - C(t)| in nats, [B]. Burgess et al. 2018, section 5.

    C(t) rises in a line from 0 to hp["capacity"] in hp["capacity_steps"] steps, and stays. By
    example: the batch mean of |KL - C| is at least |mean KL - C|, which disentanglement_lib takes.

    Args:
      kl: the divergence, per example.
    """

    def term(forward: Forward, hp: Hparams) -> Array:
        target = hp["capacity"] * ramp(forward.step, hp["capacity_steps"])
        return jnp.abs(kl(forward, hp) - target)

    return term


def warmup_term(kl: Term) -> Term:
    """beta(t) KL in nats, [B], beta(t) = min(1, t / hp["warmup_steps"]). Sonderby et al. 2016.

    Args:
      kl: the divergence, per example.
    """
    return lambda forward, hp: ramp(forward.step, hp["warmup_steps"]) * kl(forward, hp)


def free_bits(kl_per_dim: AnyArray, free: AnyArray | float) -> Array:
    """sum_j max(lambda, mean_b KL_bj), one number for all. Kingma et al. 2016, appendix C.8.

    Args:
      kl_per_dim: [B, L] in nats.
      free: lambda, in nats per dimension (each dimension is a group of its own).

    Returns:
      [B] in nats. A dimension whose mean is below lambda has no gradient.
    """
    total = jnp.sum(jnp.maximum(jnp.mean(kl_per_dim, axis=0), free))
    return jnp.broadcast_to(total, kl_per_dim.shape[:1])


def free_bits_term() -> Term:
    """`free_bits` of a diagonal Gaussian posterior, with lambda = hp["free_nats"].

    Raises:
      ConfigError: when traced with a latent space that has no log-variance.
    """

    def term(forward: Forward, hp: Hparams) -> Array:
        if forward.latent.logvar is None:
            raise ConfigError(
                "latent.logvar=None does not go with free bits by dimension. "
                "Allowed: a latent space with a log-variance, such as 'gaussian'."
            )
        per_dim = gaussian_kl_per_dim(forward.latent.mean, forward.latent.logvar)
        return free_bits(per_dim, hp["free_nats"])

    return term
