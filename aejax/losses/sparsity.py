"""Sparsity penalties on the code, per example and unreduced."""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Float

from aejax.hparams import FRACTION, HParam
from aejax.losses.divergences import bernoulli_kl
from aejax.types import AnyArray, Array, Forward, Hparams, Term

_MARGIN = 1e-6  # 1 - 1e-6 is still below 1 in float32


def l1(h: Float[AnyArray, "B *code"]) -> Float[Array, " B"]:
    """The L1 norm of the code. Olshausen & Field 1996, with S(x) = |x|.

    Args:
      h: [B, ...], activations of any sign.

    Returns:
      [B], summed over all units, in the code's own unit.
    """
    return jnp.sum(jnp.abs(h.reshape(h.shape[0], -1)), axis=1)


def bernoulli_kl_of_mean(
    h: Float[AnyArray, "B L"], rho: Float[AnyArray, ""] | float
) -> Float[Array, " B"]:
    """The penalty sum_j KL(rho || mean_b h_bj). Ng 2011 (CS294A notes), section 3.

    It is a property of the batch, not of an example: every example gets the same number, so that
    the mean over [B] is the paper's penalty.

    Args:
      h: [B, ...], activations in [0, 1] (sigmoid units). The mean activation is clipped into
        [1e-6, 1 - 1e-6], which bounds value and gradient. A unit whose mean is outside has no
        gradient: for a sigmoid that is saturation on every example, where the unit passes none on
        either, but for unbounded units such as relu's the penalty goes deaf above 1: take `l1`.
      rho: the target activation, in (0, 1), a traced scalar.

    Returns:
      [B] in nats, summed over units.
    """
    batch = h.shape[0]
    mean = jnp.clip(jnp.mean(h.reshape(batch, -1), axis=0), _MARGIN, 1.0 - _MARGIN)
    target = jnp.broadcast_to(jnp.asarray(rho, mean.dtype), mean.shape)
    return jnp.broadcast_to(jnp.sum(bernoulli_kl(target, mean)), (batch,))


def l1_term() -> Term:
    """The term `l1`: `l1` of `forward.latent.mean`, [B]. Olshausen & Field 1996."""
    return lambda forward, hp: l1(forward.latent.mean)


RHO = HParam("rho", 0.05, FRACTION, "rho", "mean activation that units are drawn to")


def kl_sparsity_term() -> Term:
    """The term `kl_rho_nats`: `bernoulli_kl_of_mean` of `forward.latent.mean` and `hp["rho"]`, [B].

    Ng 2011 (CS294A notes), section 3: the weight is the notes' beta.
    """

    def term(forward: Forward, hp: Hparams) -> Array:
        return bernoulli_kl_of_mean(forward.latent.mean, hp["rho"])

    return term
