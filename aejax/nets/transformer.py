"""A small transformer on the patches of an image, whose encoder takes visible patches only."""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from aejax.errors import ConfigError
from aejax.keys import stream
from aejax.nets.activations import INITIALISERS, check_widths
from aejax.types import Array, Nets, PyTree

# Its default is the mean square less the squared mean: no variance where the mean is large.
LayerNorm = functools.partial(nn.LayerNorm, use_fast_variance=False)


class Tokens(NamedTuple):
    """Codes of the visible patches: what the decoder gets."""

    tokens: Array  # [B, V, D]
    places: Array  # int32 [B, V], row-major numbers of the patches, ascending


class Patches(NamedTuple):
    """A checked division of images into square patches; see `patches`."""

    shape: tuple[int, int, int]
    size: int
    count: int  # N, of the whole image
    visible: int  # V, in training


def patches(shape: tuple[int, int, int], size: int, mask_ratio: float) -> Patches:
    """Checks how images are cut and how many patches are hidden.

    Args:
      shape: (H, W, C).
      size: side of a patch, which divides H and W.
      mask_ratio: share of the patches to hide; how many stay visible is rounded.

    Raises:
      ConfigError: a size that does not divide the image, or a ratio that hides all or none.
    """
    check_widths("patch", (size,))
    if shape[0] % size or shape[1] % size:
        raise ConfigError(
            f"patch={size!r} does not divide images of {shape[0]}x{shape[1]}. "
            "Allowed: a common divisor of both sides."
        )
    count = shape[0] * shape[1] // size**2
    visible = round(count * (1 - mask_ratio)) if 0 < mask_ratio < 1 else 0
    if not 0 < visible < count:
        raise ConfigError(
            f"mask_ratio={mask_ratio!r} leaves {visible} of {count} patches visible. "
            f"Allowed: between 0 and 1, with 1 to {count - 1} patches visible."
        )
    return Patches(shape, size, count, visible)


def patchify(x: Array, size: int) -> Array:
    """Cuts x [B, H, W, C] into [B, N, size * size * C], row by row."""
    b, h, w, c = x.shape
    x = x.reshape(b, h // size, size, w // size, size, c).transpose(0, 1, 3, 2, 4, 5)
    return x.reshape(b, (h // size) * (w // size), size * size * c)


def unpatchify(y: Array, size: int, sides: tuple[int, int]) -> Array:
    """Puts patches [B, N, size * size * C] back to [B, H, W, C]; the inverse of `patchify`."""
    b, h, w = y.shape[0], sides[0] // size, sides[1] // size
    y = y.reshape(b, h, w, size, size, y.shape[2] // size**2).transpose(0, 1, 3, 2, 4, 5)
    return y.reshape(b, h * size, w * size, y.shape[-1])


def positions(grid: tuple[int, int], width: int) -> np.ndarray:
    """Sine and cosine codes of the places of a grid, [N, width]: half for the row, half the column.

    Vaswani 2017, section 3.5, by axis as in He 2022. `width` is divisible by four.
    """
    rate = 10_000.0 ** (-np.arange(width // 4) / (width // 4))

    def code(at: np.ndarray) -> np.ndarray:
        angle = at.reshape(-1, 1) * rate
        return np.concatenate([np.sin(angle), np.cos(angle)], axis=1)

    rows, columns = np.meshgrid(np.arange(grid[0]), np.arange(grid[1]), indexing="ij")
    return np.concatenate([code(rows), code(columns)], axis=1).astype(np.float32)


class _Attention(nn.Module):
    heads: int
    initialiser: str

    @nn.compact
    def __call__(self, x: Array) -> Array:
        b, n, d = x.shape
        kernel_init = INITIALISERS[self.initialiser]
        # A bias of the keys changes no softmax: its gradient is rounding noise, which Adam would
        # scale up to full steps.
        qkv = nn.Dense(3 * d, use_bias=False, kernel_init=kernel_init, name="qkv")(x)
        q, k, v = jnp.moveaxis(qkv.reshape(b, n, 3, self.heads, d // self.heads), 2, 0)
        scores = jnp.einsum("bqhd,bkhd->bhqk", q, k) * (d // self.heads) ** -0.5
        mixed = jnp.einsum("bhqk,bkhd->bqhd", jax.nn.softmax(scores, axis=-1), v)
        return nn.Dense(d, kernel_init=kernel_init, name="out")(mixed.reshape(b, n, d))


class _Block(nn.Module):
    heads: int
    initialiser: str

    @nn.compact
    def __call__(self, x: Array, _: None) -> tuple[Array, None]:
        kernel_init, d = INITIALISERS[self.initialiser], x.shape[-1]
        y = LayerNorm(name="norm_attention")(x)
        x = x + _Attention(self.heads, self.initialiser, name="attention")(y)
        y = LayerNorm(name="norm_mlp")(x)
        y = nn.Dense(4 * d, kernel_init=kernel_init, name="mlp_in")(y)
        return x + nn.Dense(d, kernel_init=kernel_init, name="mlp_out")(jax.nn.gelu(y)), None


class _Blocks(nn.Module):
    """Pre-norm blocks of attention and a two-layer MLP, and a norm at the end. Dosovitskiy 2021.

    A scan over blocks, whose parameters are stacked: any depth compiles as fast as one block.
    """

    depth: int
    heads: int
    initialiser: str

    @nn.compact
    def __call__(self, x: Array) -> Array:
        over_depth = nn.scan(
            _Block, variable_axes={"params": 0}, split_rngs={"params": True}, length=self.depth
        )
        x, _ = over_depth(self.heads, self.initialiser, name="layers")(x, None)
        return LayerNorm(name="norm")(x)


class _Encoder(nn.Module):
    cut: Patches
    width: int
    depth: int
    heads: int
    initialiser: str

    @nn.compact
    def __call__(self, x: Array, places: Array) -> Array:
        size, (h, w, _) = self.cut.size, self.cut.shape
        # Hidden patches are left out before the first product: nothing computes with them.
        seen = jnp.take_along_axis(patchify(x, size), places[:, :, None], axis=1)
        tokens = nn.Dense(self.width, kernel_init=INITIALISERS[self.initialiser], name="patch")(
            seen
        )
        where = jnp.asarray(positions((h // size, w // size), self.width))[places]
        return _Blocks(self.depth, self.heads, self.initialiser, name="blocks")(tokens + where)


class _Decoder(nn.Module):
    cut: Patches
    width: int
    depth: int
    heads: int
    initialiser: str
    outputs: int  # channels of the output

    @nn.compact
    def __call__(self, z: Tokens) -> Array:
        size, (h, w, _) = self.cut.size, self.cut.shape
        kernel_init = INITIALISERS[self.initialiser]
        y = nn.Dense(self.width, kernel_init=kernel_init, name="embed")(z.tokens)
        blank = self.param("mask_token", nn.initializers.normal(0.02), (self.width,), jnp.float32)
        # A product with ones and zeros, not a scatter: its gradient is a product too.
        at = (z.places[:, :, None] == jnp.arange(self.cut.count)[None, None, :]).astype(y.dtype)
        missing = 1.0 - jnp.sum(at, axis=1)
        y = jnp.einsum("bvn,bvd->bnd", at, y) + missing[:, :, None] * blank[None, None, :]
        y = y + jnp.asarray(positions((h // size, w // size), self.width))[None]
        y = _Blocks(self.depth, self.heads, self.initialiser, name="blocks")(y)
        y = nn.Dense(size * size * self.outputs, kernel_init=kernel_init, name="pixels")(y)
        return unpatchify(y, size, (h, w))


def hidden_patches(key: Array, batch: int, cut: Patches) -> Array:
    """Draws which patches are hidden: all but `cut.visible`, uniformly, another choice an image.

    Returns:
      bool [B, N].
    """
    noise = jax.random.uniform(key, (batch, cut.count))
    return jnp.argsort(jnp.argsort(noise, axis=1), axis=1) >= cut.visible


def over_pixels(hidden: Array, cut: Patches) -> Array:
    """Spreads [B, N] of patches over their pixels: [B, H, W, C]."""
    pixels = cut.size**2 * cut.shape[2]
    spread = jnp.broadcast_to(hidden[:, :, None], (*hidden.shape, pixels))
    return unpatchify(spread, cut.size, cut.shape[:2])


def masked_transformer(
    cut: Patches,
    *,
    width: int,
    depth: int,
    heads: int,
    decoder_width: int,
    decoder_depth: int,
    out_channels: int,
    init: str = "glorot_uniform",
) -> Nets:
    """An encoder of visible patches and a lighter decoder of all of them. He 2022, section 3.

    Args:
      cut: from `patches`.
      width: of the encoder's tokens.
      depth: blocks of the encoder.
      heads: of the attention, both networks.
      decoder_width, decoder_depth: of the decoder.
      out_channels: of the decoder's output.
      init: kernels' initialiser.

    Returns:
      Nets whose code is `Tokens`. `encode` sees all N patches, `encode_visible` those of which no
      pixel is hidden, `cut.visible` of them in every image.

    Raises:
      ConfigError: sizes below 1, or widths that four or the heads do not divide.
    """
    check_widths("depth", (depth, decoder_depth))
    check_widths("heads", (heads,))
    for field, value in (("latent", width), ("decoder_width", decoder_width)):
        check_widths(field, (value,))
        if value % 4 or value % heads:
            raise ConfigError(
                f"{field}={value!r} is no width for heads={heads!r}. "
                "Allowed: a multiple of the heads and of 4 (sine and cosine, row and column)."
            )
    encoder = _Encoder(cut, width, depth, heads, init)
    decoder = _Decoder(cut, decoder_width, decoder_depth, heads, init, out_channels)

    def encode_at(params: PyTree, x: Array, places: Array) -> Tokens:
        tokens: Any = encoder.apply({"params": params["encoder"]}, x, places)
        return Tokens(tokens, places)

    def encode(params: PyTree, x: Array) -> Tokens:
        every = jnp.arange(cut.count, dtype=jnp.int32)[None, :]
        return encode_at(params, x, jnp.broadcast_to(every, (x.shape[0], cut.count)))

    def encode_visible(params: PyTree, x: Array, hidden: Array) -> Tokens:
        patch_hidden = jnp.any(patchify(hidden, cut.size), axis=2)
        order = jnp.argsort(patch_hidden, axis=1, stable=True)  # False first, in their order
        return encode_at(params, x, order[:, : cut.visible].astype(jnp.int32))

    def decode(params: PyTree, z: Tokens) -> Array:
        out: Any = decoder.apply({"params": params["decoder"]}, z)
        return out

    def start(key: Array, x: Array) -> PyTree:
        places = jnp.zeros((1, cut.visible), jnp.int32)
        tokens = Tokens(jnp.zeros((1, cut.visible, width), jnp.float32), places)
        return {
            "encoder": encoder.init(stream(key, "encoder"), x[:1], places)["params"],
            "decoder": decoder.init(stream(key, "decoder"), tokens)["params"],
        }

    return Nets(
        init=start,
        encode=encode,
        decode=decode,
        encode_visible=encode_visible,
    )
