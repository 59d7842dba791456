"""Convolutional encoders and decoders: strides down, transposed convolutions back up."""

from __future__ import annotations

from math import prod
from typing import Any, NamedTuple

import flax.linen as nn
import jax.numpy as jnp

from aejax.errors import ConfigError, lookup
from aejax.keys import stream
from aejax.nets.activations import ACTIVATIONS, INITIALISERS, check_widths
from aejax.nets.conv import (
    conv,
    conv_size,
    conv_transpose,
    draw_kernel,
    layout_here,
    mirror_padding,
)
from aejax.nets.group_norm import group_norm
from aejax.types import Array, Net, Nets, PyTree

Sizes = tuple[tuple[int, int], ...]


class Stack(NamedTuple):
    """A checked stack of convolutions, each with SAME padding; see `stack`."""

    shape: tuple[int, int, int]  # of the image
    widths: tuple[int, ...]  # channels by layer
    sizes: Sizes  # (H, W) before the first layer and after each
    kernel: int
    stride: int
    norm_groups: int
    activation: str
    init: str

    @property
    def maps(self) -> tuple[int, int, int]:
        """Shape of the last layer's maps."""
        return (*self.sizes[-1], self.widths[-1])


def shrink(shape: tuple[int, ...], layers: int, factor: int, field: str) -> Sizes:
    """Returns (H, W) before and after each of `layers` layers that divide it by `factor`, up.

    Raises:
      ConfigError: a side would be smaller than the factor before the last layer divides it.
    """
    sizes = [(shape[0], shape[1])]
    for layer in range(layers):
        if min(sizes[-1]) < factor:
            size = f"{sizes[-1][0]}x{sizes[-1][1]}"
            raise ConfigError(
                f"{field}={factor!r} in {layers} layers is too much for images of "
                f"{shape[0]}x{shape[1]}, which are {size} after {layer}. "
                f"Allowed: {layer} layers, or a smaller {field}."
            )
        sizes.append(tuple(conv_size(n, 1, factor) for n in sizes[-1]))  # type: ignore[arg-type]
    return tuple(sizes)


def stack(
    shape: tuple[int, int, int],
    widths: tuple[int, ...],
    *,
    kernel: int,
    stride: int,
    norm_groups: int = 0,
    activation: str = "relu",
    init: str = "glorot_uniform",
) -> Stack:
    """Checks the sizes and names of a stack of convolutions.

    Args:
      shape: (H, W, C) of the image.
      widths: channels by layer, one layer at least.
      kernel: side of the kernels.
      stride: of every layer; 1 keeps the size.
      norm_groups: groups of the group norm after each convolution, or 0 for none.
      activation: of every layer.
      init: kernels' initialiser; biases start at zero.

    Raises:
      ConfigError: unknown names, sizes below 1, more strides than the image has pixels for, or
        groups that divide no layer's channels.
    """
    widths = check_widths("widths", widths)
    check_widths("kernel_size", (kernel,))
    check_widths("stride", (stride,))
    lookup("activation", activation, ACTIVATIONS)
    lookup("init", init, INITIALISERS)
    if not widths:
        raise ConfigError("widths=() has no layer. Allowed: the channels of one layer or more.")
    if norm_groups < 0 or any(norm_groups and width % norm_groups for width in widths):
        raise ConfigError(
            f"norm_groups={norm_groups!r} does not divide the channels widths={widths}. "
            "Allowed: 0 for no group norm, or a divisor of every one."
        )
    sizes = shrink(shape, len(widths), stride, "stride")
    return Stack(shape, widths, sizes, kernel, stride, norm_groups, activation, init)


class Convolution(nn.Module):
    """`conv` or, given the size to return to, `conv_transpose`, of maps in `layout_here`'s order.

    It has no bias where a group norm follows, which would take it away in part and adds its own.
    """

    channels: int
    kernel: int
    stride: int
    initialiser: str
    size: tuple[int, int] | None = None
    use_bias: bool = True

    @nn.compact
    def __call__(self, x: Array) -> Array:
        layout = layout_here()
        shape = (self.kernel, self.kernel, x.shape[layout.channels], self.channels)
        kernel = self.param("kernel", lambda key: draw_kernel(self.initialiser, key, shape))
        if self.size is None:
            y = conv(x, kernel, self.stride, layout=layout)
        else:
            pads = mirror_padding(self.size, self.kernel, self.stride)
            y = conv_transpose(x, kernel, self.stride, pads, layout=layout)
        if not self.use_bias:
            return y
        bias = self.param("bias", nn.initializers.zeros, (self.channels,), jnp.float32)
        return y + layout.by_channel(bias)


class GroupNorm(nn.Module):
    """`group_norm` of maps in `layout_here`'s order, with a scale and a bias by channel."""

    groups: int

    @nn.compact
    def __call__(self, x: Array) -> Array:
        layout = layout_here()
        channels = (x.shape[layout.channels],)
        scale = self.param("scale", nn.initializers.ones, channels, jnp.float32)
        bias = self.param("bias", nn.initializers.zeros, channels, jnp.float32)
        return group_norm(x, scale, bias, self.groups, layout=layout)


class _Down(nn.Module):
    spec: Stack
    outputs: int
    last_activation: str

    @nn.compact
    def __call__(self, x: Array) -> Array:
        spec, normed, layout = self.spec, self.spec.norm_groups > 0, layout_here()
        x = layout.enter(x)
        for i, width in enumerate(spec.widths):
            layer = Convolution(
                width, spec.kernel, spec.stride, spec.init, use_bias=not normed, name=f"conv_{i}"
            )
            x = layer(x)
            if normed:
                x = GroupNorm(spec.norm_groups, name=f"norm_{i}")(x)
            x = ACTIVATIONS[spec.activation](x)
        x = layout.leave(x)
        if not self.outputs:
            return x
        x = x.reshape(x.shape[0], -1)
        x = nn.Dense(self.outputs, kernel_init=INITIALISERS[spec.init], name="dense")(x)
        return ACTIVATIONS[self.last_activation](x)


class _Up(nn.Module):
    spec: Stack
    channels: int

    @nn.compact
    def __call__(self, z: Array) -> Array:
        spec, layout = self.spec, layout_here()
        if z.ndim == 2:  # a vector; otherwise the maps themselves
            z = nn.Dense(prod(spec.maps), kernel_init=INITIALISERS[spec.init], name="dense")(z)
            z = ACTIVATIONS[spec.activation](z).reshape(z.shape[0], *spec.maps)
        x = layout.enter(z)
        widths = (self.channels, *spec.widths)
        for i in reversed(range(len(spec.widths))):
            normed = i > 0 and spec.norm_groups > 0
            layer = Convolution(
                widths[i],
                spec.kernel,
                spec.stride,
                spec.init,
                spec.sizes[i],
                use_bias=not normed,
                name=f"conv_{i}",
            )
            x = layer(x)
            if normed:
                x = GroupNorm(spec.norm_groups, name=f"norm_{i}")(x)
            x = ACTIVATIONS[spec.activation](x) if i else x
        return layout.leave(x)


def conv_net(spec: Stack, outputs: int = 0, last_activation: str = "identity") -> Net:
    """A stack of convolutions: [B, H, W, C] to its last maps, or by a dense layer to [B, outputs].

    Args:
      spec: from `stack`.
      outputs: size of the dense layer, or 0 for none.
      last_activation: of the dense layer.
    """
    lookup("activation", last_activation, ACTIVATIONS)
    module = _Down(spec, outputs, last_activation)
    return Net(
        init=lambda key, x: module.init(key, x)["params"],
        apply=lambda params, x: module.apply({"params": params}, x),
    )


def transposed_net(spec: Stack, out_channels: int) -> Net:
    """The way back of `conv_net`, from its last maps [B, h, w, c] to [B, H, W, out_channels]."""
    module = _Up(spec, out_channels)
    return Net(
        init=lambda key, x: module.init(key, x)["params"],
        apply=lambda params, x: module.apply({"params": params}, x),
    )


def convolutional(
    spec: Stack, *, latent: int, outputs: int, out_channels: int, code_activation: str = "identity"
) -> Nets:
    """A strided encoder [B, H, W, C] -> [B, outputs], and its transposed decoder.

    Args:
      spec: from `stack`; the decoder goes back through the same sizes, odd ones included.
      latent: size of the code that the decoder gets, or 0: it gets the encoder's last maps, and no
        layer is dense (with `outputs` 0).
      outputs: what the encoder emits: `latent`, or twice that for a mean and a log-variance.
      out_channels: of the decoder's output.
      code_activation: activation of the encoder's output.
    """
    encoder, decoder = conv_net(spec, outputs, code_activation), _Up(spec, out_channels)

    def init(key: Array, x: Array) -> PyTree:
        z = jnp.zeros((1, latent) if latent else (1, *spec.maps), jnp.float32)
        return {
            "encoder": encoder.init(stream(key, "encoder"), x),
            "decoder": decoder.init(stream(key, "decoder"), z)["params"],
        }

    def decode(params: PyTree, z: Array) -> Array:
        out: Any = decoder.apply({"params": params["decoder"]}, z)
        return out

    return Nets(
        init=init,
        encode=lambda params, x: encoder.apply(params["encoder"], x),
        decode=decode,
    )
