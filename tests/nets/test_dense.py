"""Multi-layer perceptrons against NumPy, mirrored, tied and paired."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from aejax.errors import ConfigError
from aejax.nets import mirrored, mlp, pair

X = np.random.RandomState(0).randn(5, 3, 2).astype(np.float32)


def test_apply_is_the_chain_of_its_layers():
    net = mlp((7, 4), (3, 1), activation="tanh", last_activation="sigmoid")
    params = net.init(jax.random.key(0), X)
    y = X.reshape(5, 6)
    for layer in net.layers(params):
        f = {"tanh": np.tanh, "sigmoid": lambda a: 1 / (1 + np.exp(-a))}[layer.activation]
        y = f(y @ np.asarray(layer.kernel) + np.asarray(layer.bias))
    np.testing.assert_allclose(net.apply(params, X), y.reshape(5, 3, 1), atol=1e-6)


def test_a_pair_shares_nothing_and_reads_what_the_encoder_emits():
    nets = pair(mlp((), (4,)), mlp((8,), (3, 2)))
    params = nets.init(jax.random.key(0), X)
    out = nets.decode(params, nets.encode(params, X))
    assert out.shape == X.shape
    assert set(params) == {"encoder", "decoder"}


def test_a_tied_decoder_has_biases_alone_and_the_transposed_kernels():
    nets = mirrored((3, 2), (3, 2), widths=(5,), latent=2, outputs=2, tied=True, activation="tanh")
    params = nets.init(jax.random.key(0), X)
    assert {k for layer in params["decoder"].values() for k in layer} == {"bias"}
    kernels = [np.asarray(params["encoder"][f"dense_{i}"]["kernel"]) for i in (1, 0)]
    z = jnp.ones((5, 2))
    expected = np.tanh(z @ kernels[0].T) @ kernels[1].T
    np.testing.assert_allclose(nets.decode(params, z).reshape(5, 6), expected, atol=1e-6)


def test_a_tied_decoder_of_other_widths_is_refused():
    sizes = {"widths": (5,), "latent": 2, "tied": True}
    for wrong in ({"decoder_widths": (4,), "outputs": 2}, {"outputs": 4}):
        with pytest.raises(ConfigError, match=r"tied=True needs a decoder that mirrors"):
            mirrored((3, 2), (3, 2), **sizes, **wrong)
