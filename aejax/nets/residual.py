"""Residual networks for images: strides down and back up, with a residual block at each size."""

from __future__ import annotations

from math import gcd

import flax.linen as nn
import jax.numpy as jnp

from aejax.nets.activations import ACTIVATIONS
from aejax.nets.conv import layout_here
from aejax.nets.convolutional import Convolution, GroupNorm, Stack
from aejax.types import Array, Net

BLOCK_KERNEL = 3
GROUPS = 8  # of a group norm, where the channels divide by them


class _Ready(nn.Module):
    """Group norm and activation, which come before a convolution ("pre-activation")."""

    activation: str

    @nn.compact
    def __call__(self, x: Array) -> Array:
        groups = gcd(x.shape[layout_here().channels], GROUPS)
        return ACTIVATIONS[self.activation](GroupNorm(groups, name="norm")(x))


class _Block(nn.Module):
    """x + conv(ready(conv(ready(x)))), of as many channels. He et al. 2016b, figure 1b."""

    spec: Stack

    @nn.compact
    def __call__(self, x: Array) -> Array:
        spec, channels = self.spec, x.shape[layout_here().channels]
        kernel = (channels, BLOCK_KERNEL, 1, spec.init)
        y = _Ready(spec.activation, name="ready_0")(x)
        y = Convolution(*kernel, use_bias=False, name="conv_0")(y)  # a norm follows
        y = _Ready(spec.activation, name="ready_1")(y)
        return x + Convolution(*kernel, name="conv_1")(y)


class _ResidualDown(nn.Module):
    spec: Stack

    @nn.compact
    def __call__(self, x: Array) -> Array:
        spec, layout = self.spec, layout_here()
        x = layout.enter(x)
        for i, width in enumerate(spec.widths):
            x = _Ready(spec.activation, name=f"ready_{i}")(x) if i else x
            x = Convolution(width, spec.kernel, spec.stride, spec.init, name=f"conv_{i}")(x)
            x = _Block(spec, name=f"block_{i}")(x)
        return layout.leave(_Ready(spec.activation, name=f"ready_{len(spec.widths)}")(x))


class _ResidualUp(nn.Module):
    spec: Stack
    channels: int

    @nn.compact
    def __call__(self, x: Array) -> Array:
        spec, layout = self.spec, layout_here()
        x = layout.enter(x)
        widths = (self.channels, *spec.widths)
        for i in reversed(range(len(spec.widths))):
            x = _Block(spec, name=f"block_{i}")(x)
            x = _Ready(spec.activation, name=f"ready_{i}")(x)
            back = Convolution(
                widths[i], spec.kernel, spec.stride, spec.init, spec.sizes[i], name=f"conv_{i}"
            )
            x = back(x)
        return layout.leave(x)


def _net(module: nn.Module) -> Net:
    return Net(
        init=lambda key, x: module.init(key, jnp.asarray(x))["params"],
        apply=lambda params, x: module.apply({"params": params}, x),
    )


def residual_net(spec: Stack) -> Net:
    """Strided convolutions [B, H, W, C] to the last maps, each followed by a residual block.

    He et al. 2016b, with the group norm of Wu & He 2018 in place of the batch norm: no example sees
    another, and nothing has to be kept for evaluation.

    Args:
      spec: from `stack`; its `norm_groups` are not read.
    """
    return _net(_ResidualDown(spec))


def residual_transposed_net(spec: Stack, out_channels: int) -> Net:
    """The way back of `residual_net`, through the same sizes, to [B, H, W, out_channels]."""
    return _net(_ResidualUp(spec, out_channels))
