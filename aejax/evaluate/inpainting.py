"""Filling holes: the model's prediction inside the mask, the image itself outside."""

from __future__ import annotations

import jax.numpy as jnp

from aejax.errors import ConfigError
from aejax.types import Array, Autoencoder, Variables


def inpaint(model: Autoencoder, variables: Variables, x: Array, mask: Array) -> Array:
    """Returns x [B, H, W, C] with its hole filled; the visible pixels pass through bit for bit.

    Args:
      model: an autoencoder trained to fill holes.
      variables: its variables.
      x: images; what stands in the hole is not read.
      mask: bool [B, H, W] or [B, H, W, C], true in the hole; any shape of hole.

    Raises:
      ConfigError: a model that does not know how to hide a hole, or a mask of another shape.
    """
    fill = model.info.corruption.fill
    if fill is None:
        raise ConfigError(
            f"model {model.info.name!r} fills no holes. Allowed: a model whose corruption is "
            "aejax.corruptions.masks.hide, such as 'context_encoder'."
        )
    if mask.shape not in (x.shape, x.shape[:-1]):
        raise ConfigError(
            f"mask has shape {mask.shape}, the images {x.shape}. "
            f"Allowed: {x.shape} or {x.shape[:-1]}."
        )
    hidden = mask if mask.ndim == x.ndim else jnp.broadcast_to(mask[..., None], x.shape)
    code = model.encode(variables, fill(x, hidden)).z
    return jnp.where(hidden, model.info.likelihood.mean(model.decode(variables, code)), x)
