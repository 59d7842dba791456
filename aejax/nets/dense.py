"""Multi-layer perceptrons: any depth and widths, mirrored decoders, tied weights.

Linen stays inside the closures of this folder (law): the rest of the project sees `init` and
`apply`. A linear network is an MLP without hidden layers.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from aejax.backend.bias import add_bias
from aejax.errors import ConfigError, lookup
from aejax.keys import stream
from aejax.nets.activations import ACTIVATIONS, INITIALISERS, check_widths
from aejax.nets.affine import Affine
from aejax.types import Array, Dense, Net, Nets, PyTree


class _MLP(nn.Module):
    widths: tuple[int, ...]
    activations: tuple[str, ...]
    kernel_init: str

    @nn.compact
    def __call__(self, x: Array) -> Array:
        for i, (width, activation) in enumerate(zip(self.widths, self.activations, strict=True)):
            # Named by hand: Linen numbers layers in the order of construction, not of use.
            x = Affine(width, INITIALISERS[self.kernel_init], name=f"dense_{i}")(x)
            x = ACTIVATIONS[activation](x)
        return x


def _chain(
    hidden: tuple[int, ...], last: int, activation: str, last_activation: str
) -> tuple[tuple[int, ...], tuple[str, ...]]:
    lookup("activation", activation, ACTIVATIONS)
    lookup("activation", last_activation, ACTIVATIONS)
    return (*hidden, last), (activation,) * len(hidden) + (last_activation,)


def mlp(
    hidden: tuple[int, ...],
    out_shape: tuple[int, ...],
    *,
    activation: str = "relu",
    last_activation: str = "identity",
    init: str = "glorot_uniform",
) -> Net:
    """A multi-layer perceptron from [B, ...] (flattened) to [B, *out_shape].

    Args:
      hidden: widths of the hidden layers; () gives one affine layer.
      out_shape: shape of one output.
      activation: name of the hidden layers' activation.
      last_activation: name of the output's activation.
      init: name of the kernels' initialiser; biases start at zero.

    Raises:
      ConfigError: an unknown name, or a width below 1.
    """
    hidden = check_widths("widths", hidden)
    lookup("init", init, INITIALISERS)
    widths, names = _chain(hidden, prod(out_shape), activation, last_activation)
    module = _MLP(widths, names, init)

    def apply(params: PyTree, x: Array) -> Array:
        y: Any = module.apply({"params": params}, x.reshape(x.shape[0], -1))
        return jnp.reshape(y, (x.shape[0], *out_shape))

    return Net(
        init=lambda key, x: module.init(key, x.reshape(x.shape[0], -1))["params"],
        apply=apply,
        layers=lambda params: tuple(
            Dense(params[f"dense_{i}"]["kernel"], params[f"dense_{i}"]["bias"], name)
            for i, name in enumerate(names)
        ),
    )


def pair(encoder: Net, decoder: Net) -> Nets:
    """Two networks that share nothing."""

    def init(key: Array, x: Array) -> PyTree:
        params = encoder.init(stream(key, "encoder"), x)
        h = jax.eval_shape(encoder.apply, params, x)
        z = jnp.zeros(h.shape, h.dtype)
        return {"encoder": params, "decoder": decoder.init(stream(key, "decoder"), z)}

    def layers_of(net: Net, part: str) -> Callable[[PyTree], tuple[Dense, ...]] | None:
        layers = net.layers
        return None if layers is None else lambda params: layers(params[part])

    return Nets(
        init=init,
        encode=lambda params, x: encoder.apply(params["encoder"], x),
        decode=lambda params, z: decoder.apply(params["decoder"], z),
        encoder_layers=layers_of(encoder, "encoder"),
        decoder_layers=layers_of(decoder, "decoder"),
    )


def mirrored(
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
    """An MLP encoder [B, *shape] -> [B, outputs] and its decoder [B, latent] -> [B, *out_shape].

    Args:
      shape: shape of one example.
      out_shape: shape of the decoder's output for one example.
      widths: the encoder's hidden widths; the decoder mirrors them.
      latent: size of the code that the decoder gets.
      outputs: what the encoder emits: `latent`, or twice that for a mean and a log-variance.
      activation: hidden layers' activation, both networks.
      code_activation: activation of the encoder's output.
      out_activation: activation of the decoder's output.
      init: kernels' initialiser.
      decoder_widths: the decoder's hidden widths where it is no mirror image.
      tied: the decoder uses the encoder's transposed kernels and biases of its own.

    Raises:
      ConfigError: unknown names, widths below 1, or a tied decoder whose sizes are not the
      mirror's.
    """
    encoder = mlp(
        widths, (outputs,), activation=activation, last_activation=code_activation, init=init
    )
    mirror = tuple(reversed(tuple(widths)))
    hidden = mirror if decoder_widths is None else check_widths("decoder_widths", decoder_widths)
    if not tied:
        return _pair_of(encoder, hidden, latent, out_shape, activation, out_activation, init)
    if hidden != mirror or latent != outputs or prod(shape) != prod(out_shape):
        raise ConfigError(
            "tied=True needs a decoder that mirrors the encoder, but encoder "
            f"{(prod(shape), *widths, outputs)} meets decoder "
            f"{(latent, *hidden, prod(out_shape))}. Allowed: tied=False, or the mirrored sizes."
        )
    return _tied(encoder, hidden, out_shape, activation, out_activation)


def _pair_of(encoder: Net, hidden, latent, out_shape, activation, out_activation, init) -> Nets:
    decoder = mlp(
        hidden, out_shape, activation=activation, last_activation=out_activation, init=init
    )
    nets = pair(encoder, decoder)

    def init_both(key: Array, x: Array) -> PyTree:
        # The decoder reads a code of `latent` numbers, which need not be what the encoder emits.
        z = jnp.zeros((1, latent), jnp.float32)
        return {
            "encoder": encoder.init(stream(key, "encoder"), x),
            "decoder": decoder.init(stream(key, "decoder"), z),
        }

    return nets._replace(init=init_both)


def _tied(
    encoder: Net,
    hidden: tuple[int, ...],
    out_shape: tuple[int, ...],
    activation: str,
    out_activation: str,
) -> Nets:
    chain = encoder.layers
    assert chain is not None  # an MLP always is one
    widths, names = _chain(hidden, prod(out_shape), activation, out_activation)

    def layers(params: PyTree) -> tuple[Dense, ...]:
        kernels = [layer.kernel.T for layer in reversed(chain(params["encoder"]))]
        return tuple(
            Dense(kernel, params["decoder"][f"dense_{i}"]["bias"], name)
            for i, (kernel, name) in enumerate(zip(kernels, names, strict=True))
        )

    def decode(params: PyTree, z: Array) -> Array:
        y = z
        for kernel, bias, name in layers(params):
            y = ACTIVATIONS[name](add_bias(y @ kernel, bias))
        return y.reshape(z.shape[0], *out_shape)

    def init(key: Array, x: Array) -> PyTree:
        biases = {
            f"dense_{i}": {"bias": jnp.zeros((width,), jnp.float32)}
            for i, width in enumerate(widths)
        }
        return {"encoder": encoder.init(stream(key, "encoder"), x), "decoder": biases}

    return Nets(
        init=init,
        encode=lambda params, x: encoder.apply(params["encoder"], x),
        decode=decode,
        encoder_layers=lambda params: chain(params["encoder"]),
        decoder_layers=layers,
    )
