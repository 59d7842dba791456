"""Convolutions as patches times a matrix, equal to `lax`'s in every number.

Why not `lax.conv_general_dilated`: inside a `lax.scan`, XLA on a CPU takes the gradient with
respect to the kernel as a convolution in an order that it has no fast program for, many times
slower than the product below. A custom gradient rule cures that too but loses forward mode, which
the Jacobian penalties need. Slices, pads and one matrix product have both modes, and a population
batches the product where it would group the convolution.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil, prod

import jax.numpy as jnp
from jax import lax

from aejax.errors import lookup
from aejax.nets.activations import INITIALISERS
from aejax.types import Array

Pads = tuple[tuple[int, int], ...]  # (before, after) by spatial axis
Padding = str | Sequence[tuple[int, int]]


def _pair(value: int | Sequence[int]) -> tuple[int, int]:
    one, two = (value, value) if isinstance(value, int) else value
    return int(one), int(two)


def _span(size: int, dilation: int) -> int:
    """The pixels that a dilated kernel's side covers."""
    return (size - 1) * dilation + 1


def _same(n: int, span: int, stride: int) -> tuple[int, int]:
    total = max((ceil(n / stride) - 1) * stride + span - n, 0)
    return total // 2, total - total // 2


def _transposed_same(span: int, stride: int) -> tuple[int, int]:
    total = span + stride - 2
    before = span - 1 if stride > span - 1 else ceil(total / 2)
    return before, total - before


# Padding by name: of a convolution from (n, span, stride), of its transpose from (span, stride).
PADDINGS: dict[str, Callable[[int, int, int], tuple[int, int]]] = {
    "SAME": _same,
    "VALID": lambda n, span, stride: (0, 0),
}
TRANSPOSED_PADDINGS: dict[str, Callable[[int, int], tuple[int, int]]] = {
    "SAME": _transposed_same,
    "VALID": lambda span, stride: (span - 1, max(span, stride) - 1),
}


def _windows(x: Array, axis: int, size: int, stride: int, dilation: int) -> Array:
    """Stacks the `size` taps of every window along `axis` on a new axis before the last."""
    count = max((x.shape[axis] - _span(size, dilation)) // stride + 1, 0)
    ends = [i * dilation + max((count - 1) * stride + 1, 0) for i in range(size)]
    # Without a single window the taps are empty, wherever they would have started.
    starts = [i * dilation if count else end for i, end in enumerate(ends)]
    if not count:
        starts = ends = [0] * size
    return jnp.stack(
        [lax.slice_in_dim(x, a, b, stride, axis) for a, b in zip(starts, ends, strict=True)], -2
    )


def _fold(y: Array, axis: int, before: int, after: int, stride: int, dilation: int) -> Array:
    """Adds the taps on the axis before the last into their places along `axis`."""
    n, size = y.shape[axis], y.shape[-2]
    dilated = max((n - 1) * stride + 1, 0)
    out = dilated + before + after - (_span(size, dilation) - 1)
    if n == 0 or out <= 0:
        shape = [*y.shape[:-2], y.shape[-1]]
        shape[axis] = max(out, 0)
        return jnp.zeros(shape, y.dtype)
    total = None
    for i in range(size):
        # lax's transposed convolution does not flip the kernel: tap i lands i taps to the left.
        low = before - i * dilation
        config = [(0, 0, 0)] * (y.ndim - 1)
        config[axis] = (low, out - dilated - low, stride - 1)
        placed = lax.pad(lax.index_in_dim(y, i, -2, keepdims=False), jnp.zeros((), y.dtype), config)
        total = placed if total is None else total + placed
    assert total is not None
    return total


def conv(
    x: Array,
    kernel: Array,
    stride: int | Sequence[int] = 1,
    padding: Padding = "SAME",
    dilation: int | Sequence[int] = 1,
) -> Array:
    """A two-dimensional convolution (without the flip, as in all of deep learning).

    Equal to `lax.conv_general_dilated` with `rhs_dilation=dilation` in NHWC and HWIO.

    Args:
      x: [B, H, W, C].
      kernel: [kh, kw, C, O].
      stride: of both axes, or by axis.
      padding: SAME, VALID, or pixels ((top, bottom), (left, right)), which may be negative.
      dilation: distance of the kernel's taps, of both axes or by axis.

    Returns:
      [B, H', W', O].

    Raises:
      ConfigError: an unknown name of a padding.
    """
    strides, dilations = _pair(stride), _pair(dilation)
    spans = [_span(k, d) for k, d in zip(kernel.shape[:2], dilations, strict=True)]
    if isinstance(padding, str):
        rule = lookup("padding", padding, PADDINGS)
        pads = [rule(n, k, s) for n, k, s in zip(x.shape[1:3], spans, strides, strict=True)]
    else:
        pads = list(padding)
    y = lax.pad(x, jnp.zeros((), x.dtype), [(0, 0, 0), *((a, b, 0) for a, b in pads), (0, 0, 0)])
    for axis in (0, 1):  # one axis after the other: kh + kw slices, not kh * kw
        y = _windows(y, axis + 1, kernel.shape[axis], strides[axis], dilations[axis])
    patches = y.reshape(*y.shape[:3], prod(kernel.shape[:3]))
    return patches @ kernel.reshape(-1, kernel.shape[3])


def conv_transpose(
    x: Array,
    kernel: Array,
    stride: int | Sequence[int] = 1,
    padding: Padding = "SAME",
    dilation: int | Sequence[int] = 1,
) -> Array:
    """A transposed ("fractionally strided") convolution.

    Equal to `lax.conv_transpose` with `rhs_dilation=dilation` in NHWC and HWIO, whose kernel is not
    flipped. With `flipped(kernel)` and the padding of `mirror_padding` it is the exact adjoint of
    `conv`, of whatever size of input.

    Args:
      x: [B, H, W, C].
      kernel: [kh, kw, C, O].
      stride: of both axes, or by axis.
      padding: SAME (H' = H * stride), VALID, or pixels around the input spread out by the stride.
      dilation: distance of the kernel's taps, of both axes or by axis.

    Returns:
      [B, H', W', O].

    Raises:
      ConfigError: an unknown name of a padding.
    """
    strides, dilations = _pair(stride), _pair(dilation)
    kh, kw, _, out = kernel.shape
    if isinstance(padding, str):
        rule = lookup("padding", padding, TRANSPOSED_PADDINGS)
        spans = [_span(k, d) for k, d in zip((kh, kw), dilations, strict=True)]
        pads = [rule(k, s) for k, s in zip(spans, strides, strict=True)]
    else:
        pads = list(padding)
    matrix = jnp.moveaxis(kernel, 2, 0).reshape(kernel.shape[2], kh * kw * out)
    y = (x @ matrix).reshape(*x.shape[:3], kh, kw * out)
    y = _fold(y, 1, *pads[0], strides[0], dilations[0])
    y = y.reshape(*y.shape[:3], kw, out)
    return _fold(y, 2, *pads[1], strides[1], dilations[1])


def flipped(kernel: Array) -> Array:
    """The kernel of the adjoint, [kh, kw, O, C]: flipped in space, its channels exchanged."""
    return jnp.flip(kernel, (0, 1)).swapaxes(2, 3)


def conv_size(n: int, kernel: int, stride: int, dilation: int = 1, padding: str = "SAME") -> int:
    """Returns the side that a convolution makes of a side of n pixels."""
    span = _span(kernel, dilation)
    return (n + sum(lookup("padding", padding, PADDINGS)(n, span, stride)) - span) // stride + 1


def mirror_padding(
    sizes: Sequence[int],
    kernel: int | Sequence[int],
    stride: int | Sequence[int],
    padding: str = "SAME",
    dilation: int | Sequence[int] = 1,
) -> Pads:
    """Returns the padding with which `conv_transpose` undoes the change of size of a `conv`.

    Strides round sizes up, so that the way back is not unique: 7 and 8 both become 4. This is the
    way back to `sizes`, with every tap where the convolution read it.

    Args:
      sizes: (H, W) of the convolution's input.
      kernel, stride, padding, dilation: the convolution's.
    """
    rule = lookup("padding", padding, PADDINGS)
    pads = []
    for n, k, s, d in zip(sizes, _pair(kernel), _pair(stride), _pair(dilation), strict=True):
        span = _span(k, d)
        before = span - 1 - rule(n, span, s)[0]
        spread = (conv_size(n, k, s, d, padding) - 1) * s + 1
        pads.append((before, n - spread - before + span - 1))
    return tuple(pads)


def group_norm(x: Array, scale: Array, bias: Array, groups: int, epsilon: float = 1e-5) -> Array:
    """Normalises each example's channels in groups. Wu & He 2018, eq. 1 and 2.

    Equation: y = scale (x - mu_g) / sqrt(var_g + epsilon) + bias, where mu_g and var_g run over all
    pixels and over the C / groups channels of one group of one example: no example sees another.

    Args:
      x: [B, H, W, C].
      scale, bias: [C].
      groups: divides C.
      epsilon: keeps a constant group finite.
    """
    b, _, _, c = x.shape

    def over_group(y: Array) -> Array:
        by_channel = jnp.mean(y, axis=(1, 2)).reshape(b, groups, c // groups)
        by_group = jnp.mean(by_channel, axis=2, keepdims=True)
        return jnp.broadcast_to(by_group, by_channel.shape).reshape(b, 1, 1, c)

    centred = x - over_group(x)
    normal = centred * lax.rsqrt(over_group(jnp.square(centred)) + epsilon)
    return normal * scale[None, None, None, :] + bias[None, None, None, :]


def draw_kernel(init: str, key: Array, shape: tuple[int, ...]) -> Array:
    """Draws a kernel [kh, kw, C, O] as INITIALISERS[init] would, but as a matrix, then folded.

    XLA takes ten times longer to compile random numbers of four axes than of two. A matrix has the
    kernel's inputs but not all of its outputs, kh * kw * O, which Glorot & Bengio's rule counts.
    """
    taps, inputs, outputs = shape[0] * shape[1], prod(shape[:3]), shape[3]
    values = lookup("init", init, INITIALISERS)(key, (inputs, outputs), jnp.float32)
    if init in COUNT_OUTPUTS:
        values = values * ((inputs + outputs) / (inputs + taps * outputs)) ** 0.5
    return values.reshape(shape)


COUNT_OUTPUTS = ("glorot_uniform", "glorot_normal")
