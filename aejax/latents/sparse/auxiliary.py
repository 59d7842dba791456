"""Terms that give a gradient to units which the reconstruction gives none."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from aejax.hparams import COUNT, HParam
from aejax.latents.sparse.selection import largest
from aejax.types import Array, Forward, Hparams, Likelihood, Nets, Term


def auxk_hparams(features: int) -> tuple[HParam, ...]:
    """What `auxk_term` reads; k_aux is half the input's size by default, as in Gao et al. 2024."""
    return (
        HParam("k_aux", max(1, features // 2), COUNT, "k_aux", "dead units that the term lets in"),
        HParam("dead_after", 10_000.0, meaning="examples of silence after which a unit is dead"),
    )


def auxk_term(nets: Nets) -> Term:
    """The term `auxk_nats`: the residual, reconstructed by dead units alone. Gao et al. 2024, A.2.

    Equation: ||e - W_dec z_aux||^2 / 2, with e = x - x_hat held fixed and z_aux the hp["k_aux"]
    largest rectified pre-activations among the units that were silent for hp["dead_after"]
    examples. The unit is that of `rec_nats` for a unit Gaussian, its constant left out, so that the
    weight is the paper's alpha. Zero while no unit is dead.

    Args:
      nets: a dictionary: its one decoder layer is used without its bias, which the residual no
        longer holds.
    """
    layers_of = nets.decoder_layers
    assert layers_of is not None

    def term(forward: Forward, hp: Hparams) -> Array:
        dead = (forward.variables["extra"]["idle"] >= hp["dead_after"])[None, :]
        pre = forward.latent.aux.pre
        chosen = dead & largest(jnp.where(dead, pre, -jnp.inf), hp["k_aux"])
        z = jnp.where(chosen, jax.nn.relu(pre), 0.0)
        (layer,) = layers_of(forward.variables["params"])
        residual = jax.lax.stop_gradient(_flat(forward.x) - _flat(forward.out))
        missed = 0.5 * jnp.sum(jnp.square(residual - z @ layer.kernel), axis=-1)
        return jnp.where(jnp.any(dead), missed, 0.0)

    return term


def frozen_decoder_term(nets: Nets, likelihood: Likelihood) -> Term:
    """The term `gate_rec_nats` of a gated code: -log p(x | what the open gates alone would say).

    Rajamanoharan et al. 2024 (gated): x is reconstructed from relu(gate) by a copy of the
    decoder that this term does not move. It is what the gates learn from, since a step passes no
    gradient.
    """

    def term(forward: Forward, hp: Hparams) -> Array:
        params = forward.variables["params"]
        frozen = {**params, "decoder": jax.lax.stop_gradient(params["decoder"])}
        return likelihood.nll(nets.decode(frozen, jax.nn.relu(forward.latent.aux.pre)), forward.x)

    return term


def _flat(x: Array) -> Array:
    return x.reshape(x.shape[0], -1)
