"""Max-pooling that remembers where its maxima were, and networks built on it.

The places ("switches") are a part of the code: the decoder puts each value back where it was.
"""

from __future__ import annotations

from typing import NamedTuple

import flax.linen as nn
import jax.numpy as jnp
from jax import lax

from aejax.errors import ConfigError, lookup
from aejax.keys import stream
from aejax.nets.activations import ACTIVATIONS, INITIALISERS, check_widths
from aejax.nets.conv import conv_transpose, draw_kernel, flipped, layout_here, mirror_padding
from aejax.nets.convolutional import Convolution, shrink
from aejax.types import Array, Nets, PyTree


class Pooled(NamedTuple):
    """A code with its places: what a decoder with unpooling gets."""

    maps: Array  # [B, h, w, C]
    switches: tuple[Array, ...]  # by layer, first to last, int32 [B, H_i, W_i, C_i]; () without


def max_pool(x: Array, size: int) -> tuple[Array, Array]:
    """Takes the maximum of each window of size x size pixels, and its place.

    Args:
      x: [B, H, W, C], or [C, H, W, B]; where `size` divides no side, the last windows are smaller.
      size: side of the windows, which do not overlap.

    Returns:
      maps [B, ceil(H / size), ceil(W / size), C] and switches of the same shape, int32 in
      [0, size^2): row-major within the window; of equal values the first.
    """
    b, h, w, c = x.shape
    rows, columns = -(-h // size), -(-w // size)
    ends = [(0, 0, 0), (0, rows * size - h, 0), (0, columns * size - w, 0), (0, 0, 0)]
    x = lax.pad(x, jnp.array(-jnp.inf, x.dtype), ends)
    windows = x.reshape(b, rows, size, columns, size, c).transpose(0, 1, 3, 2, 4, 5)
    windows = windows.reshape(b, rows, columns, size * size, c)
    switches = jnp.argmax(windows, axis=3).astype(jnp.int32)
    # A selection and not a gather: its gradient is a selection too, and no scatter.
    maps = jnp.sum(jnp.where(_chosen(switches, size), windows, 0.0), axis=3)
    return maps, switches


def _chosen(switches: Array, size: int) -> Array:
    """[B, h, w, C] -> bool [B, h, w, size^2, C], true at each switch's place."""
    return switches[:, :, :, None, :] == jnp.arange(size * size)[None, None, None, :, None]


def unpool(maps: Array, switches: Array | None, size: int, sides: tuple[int, int]) -> Array:
    """Puts each value at its switch's place and zeros elsewhere. Zeiler 2010; Zeiler & Fergus 2014.

    Args:
      maps: [B, h, w, C].
      switches: of the same shape, from `max_pool`; None repeats each value over its window.
      size: side of the windows.
      sides: (H, W) to return to.

    Returns:
      [B, H, W, C].
    """
    b, h, w, c = maps.shape
    here = (
        jnp.ones((1, 1, 1, size * size, 1), bool) if switches is None else _chosen(switches, size)
    )
    windows = jnp.where(here, maps[:, :, :, None, :], 0.0).reshape(b, h, w, size, size, c)
    x = windows.transpose(0, 1, 3, 2, 4, 5).reshape(b, h * size, w * size, c)
    return x[:, : sides[0], : sides[1]]


class _Down(nn.Module):
    widths: tuple[int, ...]
    kernel: int
    pool: int
    switches: bool
    activation: str
    initialiser: str

    @nn.compact
    def __call__(self, x: Array) -> Pooled:
        places, layout = [], layout_here()
        x = layout.enter(x)
        for i, width in enumerate(self.widths):
            x = Convolution(width, self.kernel, 1, self.initialiser, name=f"conv_{i}")(x)
            x, where = max_pool(ACTIVATIONS[self.activation](x), self.pool)
            places.append(layout.leave(where))
        return Pooled(layout.leave(x), tuple(places) if self.switches else ())


def pooled(
    shape: tuple[int, int, int],
    widths: tuple[int, ...],
    *,
    out_channels: int,
    kernel: int,
    pool: int,
    switches: bool,
    tied: bool,
    activation: str = "tanh",
    init: str = "glorot_uniform",
) -> tuple[Nets, tuple[int, int, int]]:
    """Convolution and max-pooling by layer; unpooling and transposed convolution back.

    Args:
      shape: (H, W, C) of the image.
      widths: channels by layer, one at least.
      out_channels: of the decoder's output.
      kernel: side of the kernels, at stride 1.
      pool: side of the pooling windows; 1 is no pooling.
      switches: the code carries the places of the maxima.
      tied: the decoder uses the encoder's kernels, flipped, and biases of its own.
      activation: of every layer but the decoder's last.
      init: kernels' initialiser.

    Returns:
      The networks, whose code is a `Pooled`, and the shape of its maps.

    Raises:
      ConfigError: unknown names, sizes below 1, switches without pooling, more pooling than the
        image has pixels for, or tied kernels where the output has other channels than the input.
    """
    widths = check_widths("widths", widths)
    check_widths("kernel_size", (kernel,))
    check_widths("pool", (pool,))
    lookup("activation", activation, ACTIVATIONS)
    lookup("init", init, INITIALISERS)
    if not widths:
        raise ConfigError("widths=() has no layer. Allowed: the channels of one layer or more.")
    if switches and pool == 1:
        raise ConfigError(
            "switches=True does not go with pool=1: without pooling no place is lost. "
            "Allowed: switches=False, or pool=2 or more."
        )
    if tied and out_channels != shape[2]:
        raise ConfigError(
            f"tied=True needs a decoder that mirrors the encoder, but {shape[2]} channels go in "
            f"and {out_channels} come out. "
            "Allowed: tied=False, or a likelihood of one number a feature."
        )
    sizes = shrink(shape, len(widths), pool, "pool")
    encoder = _Down(widths, kernel, pool, switches, activation, init)
    channels = (out_channels, *widths)

    def start(key: Array, x: Array) -> PyTree:
        decoder = {}
        for i in range(len(widths)):
            layer = {"bias": jnp.zeros((channels[i],), jnp.float32)}
            if not tied:
                sides = (kernel, kernel, widths[i], channels[i])
                layer["kernel"] = draw_kernel(init, stream(key, f"decoder_{i}"), sides)
            decoder[f"conv_{i}"] = layer
        return {"encoder": encoder.init(stream(key, "encoder"), x)["params"], "decoder": decoder}

    def decode(params: PyTree, z: Pooled) -> Array:
        layout = layout_here()
        x = layout.enter(z.maps)
        for i in reversed(range(len(widths))):
            places = layout.enter(z.switches[i]) if switches else None
            x = unpool(x, places, pool, sizes[i])
            layer = params["decoder"][f"conv_{i}"]
            mirrored = (
                flipped(params["encoder"][f"conv_{i}"]["kernel"]) if tied else layer["kernel"]
            )
            pads = mirror_padding(sizes[i], kernel, 1)
            x = conv_transpose(x, mirrored, 1, pads, layout=layout)
            x = x + layout.by_channel(layer["bias"])
            x = ACTIVATIONS[activation](x) if i else x
        return layout.leave(x)

    nets = Nets(
        init=start,
        encode=lambda params, x: encoder.apply({"params": params["encoder"]}, x),
        decode=decode,
    )
    return nets, (*sizes[-1], widths[-1])
