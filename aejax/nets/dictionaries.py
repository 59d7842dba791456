"""A dictionary: one affine layer into an overcomplete code, unit directions out of it."""

from __future__ import annotations

from math import prod

import jax
import jax.numpy as jnp

from aejax.types import Array, Dense, Nets, PyTree


def dictionary(shape: tuple[int, ...], size: int, *, bias: bool = True) -> Nets:
    """h = (x - b) W_enc + b_enc, x_hat = z W_dec + b, each row of W_dec of length one.

    The networks of the sparse autoencoders of Bricken et al. 2023 and Gao et al. 2024, section 2.
    The pre-bias b is the decoder's bias, taken off the input; the encoder begins as the decoder's
    transpose. Directions are divided by their length wherever they are used:
    the gradient is orthogonal to them of itself, which the papers get by removing its parallel part
    and rescaling after each step.

    Args:
      shape: of one example.
      size: L, the number of directions.
      bias: whether the encoder has a bias of its own.
    """
    features = prod(shape)

    def directions(params: PyTree) -> Array:
        kernel = params["decoder"]["dense_0"]["kernel"]
        square = jnp.sum(jnp.square(kernel), axis=-1, keepdims=True)
        return kernel * jax.lax.rsqrt(square + 1e-12)

    def encoder_layers(params: PyTree) -> tuple[Dense, ...]:
        own, centre = params["encoder"]["dense_0"], params["decoder"]["dense_0"]["bias"]
        offset = -(centre @ own["kernel"])
        return (Dense(own["kernel"], offset + own["bias"] if bias else offset, "identity"),)

    def encode(params: PyTree, x: Array) -> Array:
        own, centre = params["encoder"]["dense_0"], params["decoder"]["dense_0"]["bias"]
        h = (x.reshape(x.shape[0], -1) - centre[None, :]) @ own["kernel"]
        return h + own["bias"][None, :] if bias else h

    def decode(params: PyTree, z: Array) -> Array:
        out = z @ directions(params) + params["decoder"]["dense_0"]["bias"][None, :]
        return out.reshape(z.shape[0], *shape)

    def init(key: Array, x: Array) -> PyTree:
        kernel = jax.random.normal(key, (size, features), jnp.float32)
        kernel = kernel / jnp.linalg.norm(kernel, axis=-1, keepdims=True)
        encoder = {"kernel": kernel.T} | ({"bias": jnp.zeros(size, jnp.float32)} if bias else {})
        decoder = {"kernel": kernel, "bias": jnp.zeros(features, jnp.float32)}
        return {"encoder": {"dense_0": encoder}, "decoder": {"dense_0": decoder}}

    return Nets(
        init=init,
        encode=encode,
        decode=decode,
        encoder_layers=encoder_layers,
        decoder_layers=lambda params: (
            Dense(directions(params), params["decoder"]["dense_0"]["bias"], "identity"),
        ),
    )
