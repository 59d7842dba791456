"""The Jacobian penalty layer by layer: cheap, and blind to how the layers' Jacobians combine."""

from __future__ import annotations

import jax.numpy as jnp

from aejax.errors import ConfigError
from aejax.losses.jacobian.chain import layer_norm, slopes
from aejax.types import AnyArray, Array, Dense, Forward, Hparams, Nets, Term


def layer_norms(layers: tuple[Dense, ...], x: AnyArray) -> Array:
    """||d h_l / d h_(l-1)||_F^2 of each layer at each example.

    Args:
      layers: N layers.
      x: [B, *shape].

    Returns:
      [N, B]. The product over the layers is no less than the whole chain's squared norm.
    """
    rows = x.reshape(x.shape[0], -1)
    found = slopes(layers, rows)
    norms = [layer_norm(layer, s, len(rows)) for layer, s in zip(layers, found, strict=True)]
    return jnp.stack(norms)


def layerwise_jacobian_term(nets: Nets) -> Term:
    """The term sum_l ||d h_l / d h_(l-1)||_F^2 over the encoder's layers. Gu & Rigazio 2014.

    Raises:
      ConfigError: the encoder is no chain of affine layers.
    """
    layers_of = nets.encoder_layers
    if layers_of is None:
        raise ConfigError(
            "encoder_layers=None: a layer-wise Jacobian penalty needs a chain of affine layers. "
            "Allowed: a dense encoder."
        )

    def term(forward: Forward, hp: Hparams) -> Array:
        return jnp.sum(layer_norms(layers_of(forward.variables["params"]), forward.x), axis=0)

    return term
