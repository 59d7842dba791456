"""Networks by name: what a model's arguments `net` and `condition` build.

Images go through a body of convolutions, `down` to a few pixels and `up` again, and an MLP between
the body and the code; without a body the MLP is all. What a model is told beside its examples joins
the MLPs' input on both sides.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from aejax.conditions import beside, condition_of, values_of
from aejax.errors import ConfigError, lookup
from aejax.keys import stream
from aejax.nets.activations import ACTIVATIONS, check_widths
from aejax.nets.convolutional import Stack, conv_net, stack, transposed_net
from aejax.nets.dense import mirrored, mlp
from aejax.nets.residual import residual_net, residual_transposed_net
from aejax.types import Array, Net, Nets, PyTree


class Body(NamedTuple):
    """The convolutions of an encoder and of its decoder."""

    down: Callable[[Stack], Net]  # [B, H, W, C] -> maps
    up: Callable[[Stack, int], Net]  # maps -> [B, H, W, channels]
    kernel: int


# net -> its body; None: an MLP from the pixels.
NETS: dict[str, Body | None] = {
    "dense": None,
    "conv": Body(conv_net, transposed_net, kernel=4),
    "resnet": Body(residual_net, residual_transposed_net, kernel=4),
}

SMALLEST = 8  # pixels a side: where strides end
FIRST, MOST = 32, 128  # channels after the first stride, and at most; each stride doubles them


def channels_for(height: int, width: int) -> tuple[int, ...]:
    """Returns the channels after each stride of two, until no side is above SMALLEST.

    28 x 28 has (32, 64) and ends in 7 x 7; 128 x 128 has four, the last two of 128.
    """
    layers, low, high = 1, -(-min(height, width) // 2), -(-max(height, width) // 2)
    while high > SMALLEST and low > 1:
        layers, low, high = layers + 1, -(-low // 2), -(-high // 2)
    return tuple(min(FIRST << i, MOST) for i in range(layers))


def chosen(
    net: str,
    condition: int | tuple[int, ...],
    shape: tuple[int, ...],
    out_shape: tuple[int, ...],
    *,
    widths: tuple[int, ...],
    latent: int,
    outputs: int,
    activation: str = "relu",
    code_activation: str = "identity",
    out_activation: str = "identity",
    init: str = "glorot_uniform",
    decoder_widths: tuple[int, ...] | None = None,
    tied: bool = False,
) -> Nets:
    """An encoder and a decoder of the kind that is named, for examples of a shape.

    Args:
      net: a name of NETS. `dense` without a condition is `mirrored`; `conv` halves the sides by
        strides (Springenberg et al. 2015) and `resnet` has a residual block at each size besides.
        Any image will do, of sizes that are odd or no powers of two as well: the decoder goes back
        through the encoder's sizes.
      condition: as `condition_of` reads it; what is told joins the input of both MLPs (Sohn, Lee &
        Yan 2015).
      shape: of one example; (height, width, channels) but for `dense`.
      out_shape: of the decoder's output for one example.
      widths: hidden widths of the MLP between pixels, or the last maps, and the code.
      Others: as in `mirrored`.

    Raises:
      ConfigError: an unknown name, no image for a net of images, tied weights in a net that is not
        dense or is told a condition, and as in `mirrored`.
    """
    body, told = lookup("net", net, NETS), condition_of(condition)
    if body is None and told is None:
        return mirrored(
            shape,
            out_shape,
            widths=widths,
            latent=latent,
            outputs=outputs,
            activation=activation,
            code_activation=code_activation,
            out_activation=out_activation,
            init=init,
            decoder_widths=decoder_widths,
            tied=tied,
        )
    if tied:
        raise ConfigError(
            f"tied=True does not go with net={net!r}, condition={condition!r}. "
            "Allowed: net='dense' without a condition, or tied=False."
        )
    hidden = tuple(reversed(tuple(widths)))
    hidden = hidden if decoder_widths is None else check_widths("decoder_widths", decoder_widths)
    names: Any = {"activation": activation, "init": init}
    lookup("out_activation", out_activation, ACTIVATIONS)
    encoder = _told(mlp(widths, (outputs,), last_activation=code_activation, **names))
    if body is None:
        decoder = _told(mlp(hidden, out_shape, last_activation=out_activation, **names))
    else:
        spec = _spec(net, shape, body.kernel, names)
        to_maps = _told(mlp(hidden, spec.maps, last_activation=activation, **names))
        encoder = _behind(body.down(spec), encoder)
        decoder = _before(to_maps, body.up(spec, out_shape[-1]), ACTIVATIONS[out_activation])

    def numbers(given: Any) -> Array | None:
        return told.numbers(given.condition) if told else None

    def init_both(key: Array, x: Array) -> PyTree:
        beside_x = jnp.zeros((x.shape[0], told.size), jnp.float32) if told else None
        z = jnp.zeros((1, latent), jnp.float32)
        beside_z = None if beside_x is None else beside_x[:1]
        return {
            "encoder": encoder.init(stream(key, "encoder"), x, beside_x),
            "decoder": decoder.init(stream(key, "decoder"), z, beside_z),
        }

    def encode(params: PyTree, x: Any) -> Any:
        return beside(encoder.apply(params["encoder"], values_of(x), numbers(x)), x)

    def decode(params: PyTree, z: Any) -> Array:
        return decoder.apply(params["decoder"], values_of(z), numbers(z))

    return Nets(init=init_both, encode=encode, decode=decode, condition=told)


def _spec(net: str, shape: tuple[int, ...], kernel: int, names: Any) -> Stack:
    if len(shape) != 3 or min(shape[:2]) < 2:
        raise ConfigError(
            f"net={net!r} does not go with examples of shape {shape}. Allowed: net='dense', or "
            "images (height, width, channels) of 2 x 2 pixels or more, such as (28, 28, 1)."
        )
    return stack(shape, channels_for(*shape[:2]), kernel=kernel, stride=2, **names)


class _Told(NamedTuple):
    """A network that reads numbers beside its input, or None."""

    init: Callable[[Array, Array, Array | None], PyTree]
    apply: Callable[[PyTree, Array, Array | None], Any]


def _told(net: Net) -> _Told:
    def joined(x: Array, numbers: Array | None) -> Array:
        flat = x.reshape(x.shape[0], -1)
        return flat if numbers is None else jnp.concatenate([flat, numbers], axis=1)

    return _Told(
        init=lambda key, x, numbers: net.init(key, joined(x, numbers)),
        apply=lambda params, x, numbers: net.apply(params, joined(x, numbers)),
    )


def _behind(body: Net, head: _Told) -> _Told:
    """The head on what the body makes of its input."""

    def init(key: Array, x: Array, numbers: Array | None) -> PyTree:
        params = body.init(stream(key, "body"), x)
        maps = jax.eval_shape(body.apply, params, x)
        inner = head.init(stream(key, "head"), jnp.zeros(maps.shape, maps.dtype), numbers)
        return {"body": params, "head": inner}

    def apply(params: PyTree, x: Array, numbers: Array | None) -> Any:
        return head.apply(params["head"], body.apply(params["body"], x), numbers)

    return _Told(init, apply)


def _before(head: _Told, body: Net, activation: Callable[[Array], Array]) -> _Told:
    """The body on what the head makes of its input, and an activation at the end."""

    def init(key: Array, z: Array, numbers: Array | None) -> PyTree:
        params = head.init(stream(key, "head"), z, numbers)
        maps = jax.eval_shape(head.apply, params, z, numbers)
        inner = body.init(stream(key, "body"), jnp.zeros(maps.shape, maps.dtype))
        return {"head": params, "body": inner}

    def apply(params: PyTree, z: Array, numbers: Array | None) -> Array:
        return activation(body.apply(params["body"], head.apply(params["head"], z, numbers)))

    return _Told(init, apply)
