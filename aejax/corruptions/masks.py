"""Holes in images, for models that fill them: a mask, and what stands in the hole.

A mask is `fn(key, shape, hp) -> hole`, with shape (B, H, W, C) and hole bool [B, H, W]; `hide`
makes a corruption of it. How much is hidden is traced: `mask_fraction`, a share of the area.
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp

from aejax.errors import lookup
from aejax.hparams import FRACTION, HParam
from aejax.keys import stream
from aejax.nets.transformer import Patches, hidden_patches, over_pixels
from aejax.types import Array, Corruption, Hparams

Mask = Callable[[Array, tuple[int, ...], Hparams], Array]

BLOCKS = 4  # of `random_block`
GRAIN = 8  # of `random_region`: its blobs are about a GRAIN-th of a side wide


def block(key: Array, shape: tuple[int, ...], hp: Hparams) -> Array:
    """One block in the centre, of the image's proportions. Pathak 2016, section 3.3, figure 3a."""
    b, h, w, _ = shape
    side = jnp.sqrt(hp["mask_fraction"])
    inside = [jnp.abs(jnp.arange(n) - (n - 1) / 2) < side * n / 2 for n in (h, w)]
    return jnp.broadcast_to((inside[0][:, None] & inside[1][None, :])[None], (b, h, w))


def random_block(key: Array, shape: tuple[int, ...], hp: Hparams) -> Array:
    """Four small blocks anywhere, which may overlap. Pathak 2016, section 3.3, figure 3b.

    Each has a fourth of the area `mask_fraction`, in whole pixels rounded down (one at least), so
    that together they cover at most that share: up to a fourth of the image in the paper.
    """
    b, h, w, _ = shape
    share = hp["mask_fraction"]
    inside = []
    for name, n in (("row", h), ("column", w)):
        # The margin keeps sides such as sqrt(.25 / 4) * 8 whole under rounding.
        side = jnp.floor(jnp.sqrt(share / BLOCKS) * n + 1e-3)
        side = jnp.where(share > 0, jnp.maximum(side, 1), 0)
        start = jnp.floor(jax.random.uniform(stream(key, name), (b, BLOCKS, 1)) * (n - side + 1))
        at = jnp.arange(n)[None, None, :]
        inside.append((at >= start) & (at < start + side))
    return jnp.any(inside[0][:, :, :, None] & inside[1][:, :, None, :], axis=1)


def random_region(key: Array, shape: tuple[int, ...], hp: Hparams) -> Array:
    """A region of arbitrary shape. Pathak 2016, section 3.3, figure 3c.

    The paper takes shapes of segmented objects from another data set, only to have a hole without
    edges to learn. Here they are the highest places of a smooth random field, another for each
    image: exactly round(mask_fraction * H * W) pixels.
    """
    b, h, w, _ = shape
    noise = jax.random.normal(key, (b, h, w), jnp.float32)
    smooth = [
        jnp.exp(-0.5 * jnp.square((jnp.arange(n)[:, None] - jnp.arange(n)[None, :]) * GRAIN / n))
        for n in (h, w)
    ]
    field = jnp.einsum("ih,bhw,jw->bij", smooth[0], noise, smooth[1])
    count = jnp.round(hp["mask_fraction"] * h * w).astype(jnp.int32)
    ranked = jnp.sort(field.reshape(b, h * w), axis=1)
    ranked = jnp.concatenate([jnp.full((b, 1), -jnp.inf), ranked], axis=1)
    return field > ranked[:, h * w - count][:, None, None]


def fill_mean(x: Array, hidden: Array) -> Array:
    """Puts the mean of an image's visible pixels, by channel, into its hole.

    The paper's constant is the data set's mean. This one needs no data set, is the same in every
    batch, and tells the encoder nothing that the visible pixels do not.
    """
    visible = jnp.logical_not(hidden)
    count = jnp.maximum(jnp.sum(visible, axis=(1, 2), keepdims=True), 1)
    mean = jnp.sum(jnp.where(visible, x, 0.0), axis=(1, 2), keepdims=True) / count
    return jnp.where(hidden, mean, x)


def fill_zero(x: Array, hidden: Array) -> Array:
    """Puts zeros into the hole."""
    return jnp.where(hidden, 0.0, x)


MASKS: dict[str, Mask] = {
    "block": block,
    "random_block": random_block,
    "random_region": random_region,
}
FILLS: dict[str, Callable[[Array, Array], Array]] = {"mean": fill_mean, "zero": fill_zero}


def hide(mask: str = "block", fill: str = "mean", fraction: float = 0.25) -> Corruption:
    """A corruption that hides a part of each image [B, H, W, C], the same in all channels.

    Args:
      mask: a name of MASKS.
      fill: a name of FILLS.
      fraction: default of the traced `mask_fraction`; Pathak et al. hide a fourth.

    Raises:
      ConfigError: an unknown name.
    """
    hole, filled = lookup("mask", mask, MASKS), lookup("fill", fill, FILLS)

    def apply(key: Array, x: Array, hp: Hparams) -> tuple[Array, Array]:
        hidden = jnp.broadcast_to(hole(key, x.shape, hp)[..., None], x.shape)
        return filled(x, hidden), hidden

    hidden = HParam("mask_fraction", fraction, FRACTION, meaning="share of the area that is hidden")
    return Corruption(apply, (hidden,), fill=filled, hides=True)


def hide_patches(cut: Patches) -> Corruption:
    """Hides whole patches: zeros to look at, and a mask for the encoder to skip them."""

    def apply(key: Array, x: Array, hp: Hparams) -> tuple[Array, Array]:
        hidden = over_pixels(hidden_patches(key, x.shape[0], cut), cut)
        return jnp.where(hidden, 0.0, x), hidden

    return Corruption(apply, hides=True)
