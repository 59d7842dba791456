"""Convolutions of the backend at hand, equal to `lax`'s in every number.

On a GPU or TPU they are `lax`'s own. On a CPU the batch is the innermost axis (`batch_last` says
why, benchmarks/NOTES.md by how much). A network enters that order once and leaves it once:
`layout = layout_here()`, `layout.enter(x)`, convolutions with `layout=layout`, `layout.leave(x)`.
Called without a layout a convolution takes and gives [B, H, W, C] and pays for two transpositions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil, prod
from typing import NamedTuple

import jax.numpy as jnp
from jax import lax

from aejax.backend import CONV_LAYOUT, here
from aejax.backend.batch_last import convolve, convolve_transposed, span
from aejax.errors import lookup
from aejax.nets.activations import INITIALISERS
from aejax.types import Array

Pads = tuple[tuple[int, int], ...]  # (before, after) by spatial axis
Pair = tuple[int, int]
Padding = str | Sequence[tuple[int, int]]


def _pair(value: int | Sequence[int]) -> tuple[int, int]:
    one, two = (value, value) if isinstance(value, int) else value
    return int(one), int(two)


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


NUMBERS = ("NHWC", "HWIO", "NHWC")


def _lax_conv(
    x: Array, kernel: Array, strides: Pair, pads: Sequence[tuple[int, int]], dilations: Pair
) -> Array:
    return lax.conv_general_dilated(
        x, kernel, strides, pads, rhs_dilation=dilations, dimension_numbers=NUMBERS
    )


def _lax_conv_transpose(
    x: Array, kernel: Array, strides: Pair, pads: Sequence[tuple[int, int]], dilations: Pair
) -> Array:
    return lax.conv_transpose(
        x, kernel, strides, pads, rhs_dilation=dilations, dimension_numbers=NUMBERS
    )


class Layout(NamedTuple):
    """An order of an image's axes, height and width second and third, and what is fast in it."""

    order: tuple[int, int, int, int]  # of the axes of [B, H, W, C]
    conv: Callable[..., Array]  # (x, kernel, strides, pads, dilations), x in this order
    conv_transpose: Callable[..., Array]

    @property
    def channels(self) -> int:
        """The axis of the channels."""
        return self.order.index(3)

    def enter(self, x: Array) -> Array:
        """Brings [B, H, W, C] into this order."""
        return jnp.transpose(x, self.order)

    def leave(self, x: Array) -> Array:
        """Brings this order back into [B, H, W, C]."""
        return jnp.transpose(x, self.order)  # a swap of two axes is its own inverse

    def by_channel(self, values: Array) -> Array:
        """Spreads numbers by channel [C] over axes of length one, to broadcast."""
        return jnp.expand_dims(values, tuple(i for i in range(4) if i != self.channels))


LAYOUTS = {
    "channels_last": Layout((0, 1, 2, 3), _lax_conv, _lax_conv_transpose),
    "batch_last": Layout((3, 1, 2, 0), convolve, convolve_transposed),
}


def layout_here() -> Layout:
    """Returns the layout that is fast on JAX's default backend."""
    return LAYOUTS[here(CONV_LAYOUT, "channels_last")]


def conv(
    x: Array,
    kernel: Array,
    stride: int | Sequence[int] = 1,
    padding: Padding = "SAME",
    dilation: int | Sequence[int] = 1,
    layout: Layout | None = None,
) -> Array:
    """A two-dimensional convolution (without the flip, as in all of deep learning).

    Equal to `lax.conv_general_dilated` with `rhs_dilation=dilation` in NHWC and HWIO.

    Args:
      x: [B, H, W, C].
      kernel: [kh, kw, C, O].
      stride: of both axes, or by axis.
      padding: SAME, VALID, or pixels ((top, bottom), (left, right)), which may be negative.
      dilation: distance of the kernel's taps, of both axes or by axis.
      layout: the order that `x` is in; None is [B, H, W, C].

    Returns:
      [B, H', W', O], or as `layout` orders it.

    Raises:
      ConfigError: an unknown name of a padding.
    """
    strides, dilations = _pair(stride), _pair(dilation)
    if isinstance(padding, str):
        rule = lookup("padding", padding, PADDINGS)
        spans = [span(k, d) for k, d in zip(kernel.shape[:2], dilations, strict=True)]
        pads = [rule(n, k, s) for n, k, s in zip(x.shape[1:3], spans, strides, strict=True)]
    else:
        pads = [(int(a), int(b)) for a, b in padding]
    if layout:
        return layout.conv(x, kernel, strides, pads, dilations)
    here = layout_here()
    return here.leave(here.conv(here.enter(x), kernel, strides, pads, dilations))


def conv_transpose(
    x: Array,
    kernel: Array,
    stride: int | Sequence[int] = 1,
    padding: Padding = "SAME",
    dilation: int | Sequence[int] = 1,
    layout: Layout | None = None,
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
      layout: the order that `x` is in; None is [B, H, W, C].

    Returns:
      [B, H', W', O], or as `layout` orders it.

    Raises:
      ConfigError: an unknown name of a padding.
    """
    strides, dilations = _pair(stride), _pair(dilation)
    if isinstance(padding, str):
        rule = lookup("padding", padding, TRANSPOSED_PADDINGS)
        spans = [span(k, d) for k, d in zip(kernel.shape[:2], dilations, strict=True)]
        pads = [rule(k, s) for k, s in zip(spans, strides, strict=True)]
    else:
        pads = [(int(a), int(b)) for a, b in padding]
    if layout:
        return layout.conv_transpose(x, kernel, strides, pads, dilations)
    here = layout_here()
    return here.leave(here.conv_transpose(here.enter(x), kernel, strides, pads, dilations))


def flipped(kernel: Array) -> Array:
    """The kernel of the adjoint, [kh, kw, O, C]: flipped in space, its channels exchanged."""
    return jnp.flip(kernel, (0, 1)).swapaxes(2, 3)


def conv_size(n: int, kernel: int, stride: int, dilation: int = 1, padding: str = "SAME") -> int:
    """Returns the side that a convolution makes of a side of n pixels."""
    covered = span(kernel, dilation)
    pads = lookup("padding", padding, PADDINGS)(n, covered, stride)
    return (n + sum(pads) - covered) // stride + 1


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
        covered = span(k, d)
        before = covered - 1 - rule(n, covered, s)[0]
        spread = (conv_size(n, k, s, d, padding) - 1) * s + 1
        pads.append((before, n - spread - before + covered - 1))
    return tuple(pads)


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
