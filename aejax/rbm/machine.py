"""Restricted Boltzmann machines: energies of two layers of units, Gibbs chains, and their contrast.

p(v, h) = exp(-E(v, h)) / Z with E(v, h) = base(v) + base(h) - <b, v> - <c, h> - v W h. Parameters
are {"kernel": W [D, H], "hidden": c [H], "visible": b [D]}; all else is a function of the units.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

from aejax import keys
from aejax.rbm.units import Units
from aejax.types import Array

Params = dict[str, Array]


class RBM(NamedTuple):
    """The kinds of units of the two layers."""

    visible: Units
    hidden: Units


def up(params: Params, v: Array) -> Array:
    """The hidden units' natural parameters c + v W, [B, H]."""
    return params["hidden"][None, :] + v @ params["kernel"]


def down(params: Params, h: Array) -> Array:
    """The visible units' natural parameters b + h W^T, [B, D]."""
    return params["visible"][None, :] + h @ params["kernel"].T


def energy(rbm: RBM, params: Params, v: Array, h: Array) -> Array:
    """E(v, h) of pairs, [B], in nats."""
    linear = v @ params["visible"] + h @ params["hidden"]
    pairwise = jnp.sum((v @ params["kernel"]) * h, axis=-1)
    return rbm.visible.base(v) + rbm.hidden.base(h) - linear - pairwise


def free_energy(rbm: RBM, params: Params, v: Array) -> Array:
    """F(v) = -log of the sum (or integral) over h of exp(-E(v, h)), [B], in nats.

    Hinton 2012 (practical guide), section 16.1, for any kind: base(v) - <b, v> - A_h(c + v W).
    """
    inputs = rbm.hidden.log_normaliser(up(params, v))
    return rbm.visible.base(v) - v @ params["visible"] - inputs


def gibbs(
    rbm: RBM, params: Params, key: Array, v: Array, steps: int, *, sample_visible: bool = True
) -> Array:
    """Runs block Gibbs chains: h ~ p(h | v), then v ~ p(v | h).

    Args:
      rbm: the kinds of units.
      params: of the machine.
      key: a random key.
      v: where the chains begin, [B, D].
      steps: how many times each layer is updated.
      sample_visible: draw v; else take its mean, as the published code of Hinton & Salakhutdinov
        2006 does (hidden units are always drawn).

    Returns:
      v after the last step, [B, D].
    """

    def step(v: Array, i: Array) -> tuple[Array, None]:
        h = rbm.hidden.sample(keys.at(key, "hidden", i), up(params, v))
        a = down(params, h)
        if not sample_visible:
            return rbm.visible.mean(a), None
        return rbm.visible.sample(keys.at(key, "visible", i), a), None

    return jax.lax.scan(step, v, jnp.arange(steps))[0]


def contrast(rbm: RBM, params: Params, v: Array, negative: Array) -> Array:
    """F(v) - mean F(negative), [B]: its gradient is that of contrastive divergence.

    Hinton 2002; Tieleman 2008 where the chains persist. The chains' states are data: no gradient
    goes through them. With states of the model itself the gradient is the likelihood's.
    """
    negative = jax.lax.stop_gradient(negative)
    return free_energy(rbm, params, v) - jnp.mean(free_energy(rbm, params, negative))
