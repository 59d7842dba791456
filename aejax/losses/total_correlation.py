"""The divergence in three parts: index-code information, total correlation, dimension-wise KL.

E_x KL(q(z|x) || p(z)) = I(x; z) + KL(q(z) || prod_j q(z_j)) + sum_j KL(q(z_j) || p(z_j))
(Chen et al. 2018, eq. 2), with q(z) = 1/N sum_n q(z | x_n) estimated from a batch.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

from aejax.errors import ConfigError, lookup
from aejax.types import AnyArray, Array, Forward, Hparams, Term

_LOG_2PI = math.log(2 * math.pi)


class Decomposition(NamedTuple):
    """One sample's parts, [B] in nats; they sum to log q(z|x) - log p(z) exactly."""

    mutual_information: Array
    total_correlation: Array
    dimension_wise: Array


def weighted(batch: int, num_data: AnyArray) -> Array:
    """Log-weights [B, B] of minibatch-weighted sampling: 1 / (N B) each. Chen 2018, eq. 3."""
    return jnp.full((batch, batch), -jnp.log(num_data * batch))


def stratified(batch: int, num_data: AnyArray) -> Array:
    """Log-weights [B, B] of minibatch-stratified sampling. Chen et al. 2018, appendix C.2.

    1 / N for the example that z was drawn from, and the rest of the mass shared by the others: the
    paper's estimate averaged over the order of the batch, which it breaks. Unbiased for q(z), and
    exact where the batch is the data set.
    """
    others = jnp.log1p(-1.0 / num_data) - math.log(max(batch - 1, 1))
    return jnp.where(jnp.eye(batch, dtype=bool), -jnp.log(num_data), others)


WEIGHTINGS: dict[str, Callable[[int, Array], Array]] = {
    "stratified": stratified,
    "weighted": weighted,
}


def decompose(
    z: AnyArray, mean: AnyArray, logvar: AnyArray, num_data: AnyArray | float | int, weighting: str
) -> Decomposition:
    """The three parts, for a diagonal Gaussian posterior and the prior N(0, I).

    Args:
      z: [B, L], one draw of each example's posterior.
      mean, logvar: [B, L], the posteriors.
      num_data: N, the size of the data set; below B (0, say) it counts as B.
      weighting: stratified or weighted.

    Returns:
      The parts at z. `weighted` shifts the parts by constants against each other, which leaves
      gradients alone but is no estimate of their values.

    Raises:
      ConfigError: an unknown weighting.
    """
    batch = z.shape[0]
    count = jnp.maximum(num_data, float(batch))
    log_weights = lookup("weighting", weighting, WEIGHTINGS)(batch, count)
    scaled = (z[:, None, :] - mean[None]) * jnp.exp(-0.5 * logvar)[None]
    pairs = -0.5 * (_LOG_2PI + logvar[None] + jnp.square(scaled))  # [z's example, posterior's, L]
    log_q_given_x = jnp.sum(jnp.diagonal(pairs), axis=0)  # diagonal: [L, B]
    log_q = jax.nn.logsumexp(log_weights + jnp.sum(pairs, axis=-1), axis=1)
    log_product = jnp.sum(jax.nn.logsumexp(log_weights[:, :, None] + pairs, axis=1), axis=-1)
    log_p = -0.5 * jnp.sum(_LOG_2PI + jnp.square(z), axis=-1)
    return Decomposition(log_q_given_x - log_q, log_q - log_product, log_product - log_p)


def decomposition_terms(weighting: str) -> dict[str, Term]:
    """The terms `mi_nats`, `tc_nats` and `dimension_kl_nats`; N is hp["num_data"].

    Raises:
      ConfigError: an unknown weighting; when traced, a latent space without a log-variance.
    """
    lookup("weighting", weighting, WEIGHTINGS)

    def part(name: str) -> Term:
        def term(forward: Forward, hp: Hparams) -> Array:
            latent = forward.latent
            if latent.logvar is None:
                raise ConfigError(
                    "latent.logvar=None does not go with the decomposition of the KL. "
                    "Allowed: a latent space with a log-variance, such as 'gaussian'."
                )
            # The same work in all three terms: one program computes it once.
            parts = decompose(latent.z, latent.mean, latent.logvar, hp["num_data"], weighting)
            return getattr(parts, name)

        return term

    return {
        "mi_nats": part("mutual_information"),
        "tc_nats": part("total_correlation"),
        "dimension_kl_nats": part("dimension_wise"),
    }
