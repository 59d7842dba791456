"""Chains of layers, their plain evaluation, and a Forward to put terms to."""

from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np

from aejax.nets.activations import ACTIVATIONS
from aejax.types import Dense, Forward, Latent, Nets

# name -> (widths, activations); both ends wide, tall and equal, 1 to 4 layers.
CHAINS = {
    "one_wide_sigmoid": ((9, 4), ("sigmoid",)),
    "one_tall_tanh": ((3, 8), ("tanh",)),
    "one_linear": ((5, 5), ("identity",)),
    "two_wide_linear_code": ((11, 6, 3), ("sigmoid", "identity")),
    "two_wide_sigmoid_code": ((11, 6, 3), ("tanh", "sigmoid")),
    "two_tall_linear_output": ((3, 6, 11), ("softplus", "identity")),
    "two_tall_sigmoid_output": ((3, 6, 11), ("sigmoid", "sigmoid")),
    "two_expanding": ((4, 12, 4), ("relu", "identity")),
    "three_wide": ((10, 8, 6, 3), ("relu", "tanh", "identity")),
    "three_linear_middle": ((7, 5, 6, 4), ("tanh", "identity", "sigmoid")),
    "three_all_linear": ((6, 4, 3, 5), ("identity", "identity", "identity")),
    "four_hourglass": ((9, 6, 2, 6, 9), ("softplus", "sigmoid", "tanh", "identity")),
    "smooth_others": ((6, 7, 5, 4), ("elu", "gelu", "swish")),
}


def weights(widths, seed=0, scale=1.5, dtype=np.float32):
    """Kernels and biases as a pytree that can be differentiated: ((W, b), ...)."""
    rng = np.random.default_rng(seed)
    pairs = pairwise(widths)
    return tuple(
        (
            jnp.asarray((rng.normal(size=(a, b)) * scale / a**0.5).astype(dtype)),
            jnp.asarray((rng.normal(size=(b,)) * 0.5).astype(dtype)),
        )
        for a, b in pairs
    )


def chain(params, activations):
    return tuple(Dense(w, b, name) for (w, b), name in zip(params, activations, strict=True))


def evaluate(layers, x):
    y = x.reshape(x.shape[0], -1)
    for layer in layers:
        y = ACTIVATIONS[layer.activation](y @ layer.kernel + layer.bias[None, :])
    return y


def inputs(widths, batch=3, seed=1, dtype=np.float32):
    return jnp.asarray(np.random.default_rng(seed).normal(size=(batch, widths[0])).astype(dtype))


def case(name, batch=3, dtype=np.float32):
    """Returns params, activations, x of a named chain."""
    widths, activations = CHAINS[name]
    return weights(widths, dtype=dtype), activations, inputs(widths, batch, dtype=dtype)


def two_nets(activations, decoder_activations=None):
    """Nets that are plain chains, with params {"encoder": ((W, b), ...), "decoder": ...}."""
    decoder_activations = decoder_activations or activations

    def encoder(params):
        return chain(params["encoder"], activations)

    def decoder(params):
        return chain(params["decoder"], decoder_activations)

    return Nets(
        init=lambda key, x: None,
        encode=lambda params, x: evaluate(encoder(params), x),
        decode=lambda params, z: evaluate(decoder(params), z),
        encoder_layers=encoder,
        decoder_layers=decoder,
    )


def forward(nets, params, x, **fields):
    """A Forward with what the terms read; everything else is None."""
    h = nets.encode(params, x)
    known = {
        "x": x,
        "latent": Latent(z=h, mean=h),
        "variables": {"params": params, "extra": {}},
        "encode": lambda x: nets.encode(params, x),
        "decode": lambda z: nets.decode(params, z),
        "key": jax.random.key(7),
    }
    return Forward(**(dict.fromkeys(Forward._fields) | known | fields))
