"""Convolutions with the batch as the innermost axis, as patches times a matrix: fast on a CPU.

Why not `lax.conv_general_dilated`: inside a `lax.scan`, XLA on a CPU takes its gradient with
respect to the kernel as a convolution in an order that it has no fast program for. Here everything
is slices, pads and one matrix product, so that both modes of differentiation and every order exist.
With the batch innermost (Krizhevsky 2012, cuda-convnet) a strided slice copies runs of B numbers
whatever the stride and the number of channels, and both gradients are matrix products of large
untransposed operands.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import jax.numpy as jnp
from jax import lax

from aejax.types import Array


def span(size: int, dilation: int) -> int:
    """Returns the pixels that a dilated kernel's side covers."""
    return (size - 1) * dilation + 1


def _pad(x: Array, config: list[tuple[int, int, int]]) -> Array:
    return lax.pad(x, jnp.zeros((), x.dtype), config)


def _windows(
    x: Array, sides: Sequence[int], strides: Sequence[int], dilations: Sequence[int]
) -> Array:
    """[C, H, W, B] -> [kh * kw, C, H', W', B]: tap by tap what every window reads."""
    (kh, kw), (sh, sw), (dh, dw) = sides, strides, dilations
    rows = max((x.shape[1] - span(kh, dh)) // sh + 1, 0)
    columns = max((x.shape[2] - span(kw, dw)) // sw + 1, 0)
    if not rows or not columns:
        return jnp.zeros((kh * kw, x.shape[0], rows, columns, x.shape[3]), x.dtype)
    taps = []
    for i in range(kh):
        for j in range(kw):
            top, left = i * dh, j * dw
            end = (x.shape[0], top + (rows - 1) * sh + 1, left + (columns - 1) * sw + 1, x.shape[3])
            taps.append(lax.slice(x, (0, top, left, 0), end, (1, sh, sw, 1)))
    return jnp.stack(taps)


def _fold(y: Array, axis: int, pads: tuple[int, int], stride: int, dilation: int) -> Array:
    """Adds the taps, y's first axis, into their places along `axis` of the rest.

    The outputs of one remainder modulo the stride (a "phase") read whole taps, shifted: the phases
    are summed apart and interleaved, and no zero is ever multiplied or added but at the rims.
    """
    size, n = y.shape[0], y.shape[axis + 1]
    out = (n - 1) * stride + 1 + sum(pads) - (span(size, dilation) - 1)
    if n == 0 or out <= 0:
        return jnp.zeros((*y.shape[1 : axis + 1], max(out, 0), *y.shape[axis + 2 :]), y.dtype)
    length = -(-out // stride)
    phases: list[Array | None] = [None] * stride
    # A split and not an index: its transpose is one concatenation, and not a sum of padded taps.
    for i, tap in enumerate(lax.split(y, [1] * size)):
        # lax's transposed convolution does not flip the kernel: tap i lands i taps to the left.
        shift, phase = divmod(pads[0] - i * dilation, stride)
        config = [(0, 0, 0)] * (y.ndim - 1)
        config[axis] = (shift, length - n - shift, 0)
        moved, sofar = _pad(lax.squeeze(tap, (0,)), config), phases[phase]
        phases[phase] = moved if sofar is None else sofar + moved
    empty = (*y.shape[1 : axis + 1], length, *y.shape[axis + 2 :])
    whole = jnp.stack([jnp.zeros(empty, y.dtype) if p is None else p for p in phases], axis + 1)
    whole = whole.reshape(*empty[:axis], length * stride, *empty[axis + 1 :])
    return lax.slice_in_dim(whole, 0, out, axis=axis)


def convolve(
    x: Array,
    kernel: Array,
    strides: Sequence[int],
    pads: Sequence[tuple[int, int]],
    dilations: Sequence[int],
) -> Array:
    """A convolution [C, H, W, B] -> [O, H', W', B] by a kernel [kh, kw, C, O]; see `conv.conv`."""
    x = _pad(x, [(0, 0, 0), *((a, b, 0) for a, b in pads), (0, 0, 0)])
    taps = _windows(x, kernel.shape[:2], strides, dilations)
    inputs, outputs = prod(kernel.shape[:3]), kernel.shape[3]
    y = kernel.reshape(inputs, outputs).T @ taps.reshape(inputs, prod(taps.shape[2:]))
    return y.reshape(outputs, *taps.shape[2:])


def convolve_transposed(
    x: Array,
    kernel: Array,
    strides: Sequence[int],
    pads: Sequence[tuple[int, int]],
    dilations: Sequence[int],
) -> Array:
    """A transposed convolution [C, H, W, B] -> [O, H', W', B]; see `conv.conv_transpose`."""
    (kh, kw, inputs, outputs), (_, h, w, b) = kernel.shape, x.shape
    matrix = jnp.moveaxis(kernel, 2, 3).reshape(kh * kw * outputs, inputs)
    y = (matrix @ x.reshape(inputs, h * w * b)).reshape(kh, kw * outputs, h, w, b)
    y = _fold(y, 1, pads[0], strides[0], dilations[0])
    y = y.reshape(kw, outputs, y.shape[1], w, b)
    return _fold(y, 2, pads[1], strides[1], dilations[1])
