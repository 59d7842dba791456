"""Terms of discrete codes: what draws codebook and encoder together, and divergences to uniform."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp

from aejax.types import AnyArray, Array, Forward, Hparams, Term


def _squared_distance(a: AnyArray, b: AnyArray) -> Array:
    """Squared distances, summed over a vector, averaged over groups: [B, G, d] -> [B]."""
    return jnp.mean(jnp.sum(jnp.square(a - b), axis=-1), axis=-1)


def codebook_term() -> Term:
    """The term `codebook_sq`: |sg(z_e) - e|^2, which moves the codebook. van den Oord 2017, eq. 3.

    Averaged over an example's groups, as the paper does over its positions.
    """

    def term(forward: Forward, hp: Hparams) -> Array:
        code = forward.latent.aux
        return _squared_distance(jax.lax.stop_gradient(code.before), code.after)

    return term


def commitment_term() -> Term:
    """The term `commitment_sq`: |z_e - sg(e)|^2, which moves the encoder. van den Oord 2017, eq. 3.

    Averaged over an example's groups; its weight is the paper's beta.
    """

    def term(forward: Forward, hp: Hparams) -> Array:
        code = forward.latent.aux
        return _squared_distance(code.before, jax.lax.stop_gradient(code.after))

    return term


def categorical_kl_to_uniform(log_q: AnyArray) -> Array:
    """sum_g KL(q_g || uniform over K) = sum_g (log K + sum_k q log q) in nats: [B, G, K] -> [B]."""
    entropy = -jnp.sum(jnp.exp(log_q) * log_q, axis=-1)
    return jnp.sum(math.log(log_q.shape[-1]) - entropy, axis=-1)


def categorical_kl_term() -> Term:
    """The term `kl_nats` of categorical posteriors, whose log-probabilities are `Latent.aux`."""
    return lambda forward, hp: categorical_kl_to_uniform(forward.latent.aux)


def code_length_term(codes: int) -> Term:
    """The term `kl_nats` of a code without noise: G log K, its divergence to the uniform prior.

    It has no gradient (van den Oord 2017, section 3.1, leaves it out), but with it the loss is what
    other models' bounds are: nats to tell x, the code included.

    Args:
      codes: K.
    """

    def term(forward: Forward, hp: Hparams) -> Array:
        index = forward.latent.index
        assert index is not None
        return jnp.full(index.shape[0], index.shape[1] * math.log(codes), jnp.float32)

    return term
