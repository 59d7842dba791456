"""Networks by name: any image comes back in its shape, and what is told is read on both sides."""

from __future__ import annotations

from math import gcd

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from aejax import models
from aejax.conditions import Conditioned
from aejax.errors import ConfigError
from aejax.nets import chosen, mlp
from aejax.nets.choice import channels_for
from aejax.nets.convolutional import stack
from aejax.nets.residual import residual_net, residual_transposed_net
from aejax.train import tree

SIZES = [
    (8, 8, 1),
    (28, 28, 1),
    (29, 31, 3),
    (37, 28, 1),
    (64, 64, 3),
    (96, 128, 1),
    (101, 33, 2),
    (128, 128, 3),
    (127, 2, 1),
    (2, 3, 1),
]


def nets_of(net: str, condition, shape, outputs: int = 6):
    out_shape = (*shape[:-1], 2 * shape[-1])
    return chosen(net, condition, shape, out_shape, widths=(8,), latent=3, outputs=outputs)


@pytest.mark.parametrize("net", ["conv", "resnet"])
@pytest.mark.parametrize("shape", SIZES, ids=str)
def test_any_image_comes_back_in_its_own_shape(net, shape):
    """By tracing alone: nothing is computed."""
    nets = nets_of(net, 0, shape)
    x = jnp.zeros((2, *shape))

    def there_and_back(key):
        params = nets.init(key, x)
        return nets.encode(params, x), nets.decode(params, jnp.zeros((2, 3)))

    code, out = jax.eval_shape(there_and_back, jax.random.key(0))
    assert code.shape == (2, 6)
    assert out.shape == (2, *shape[:-1], 2 * shape[-1])


@pytest.mark.parametrize("net", ["conv", "resnet"])
@pytest.mark.parametrize("shape", [(29, 31, 3), (28, 28, 1), (64, 64, 3), (128, 128, 3)], ids=str)
def test_a_step_reaches_every_parameter_at_any_size(net, shape):
    nets = nets_of(net, 5, shape, outputs=3)
    x = Conditioned(jax.random.uniform(jax.random.key(1), (2, *shape)), jnp.array([1, 4]))
    params = jax.jit(nets.init)(jax.random.key(0), x.values)

    @jax.jit
    def gradient(params):
        loss = lambda p: jnp.sum(jnp.square(nets.decode(p, nets.encode(p, x))))
        return jax.grad(loss)(params)

    for path, leaf in tree.flatten(gradient(params)).items():
        assert np.isfinite(leaf).all(), path
        assert np.any(np.asarray(leaf) != 0), path


@pytest.mark.parametrize(
    ("size", "channels"),
    [
        ((8, 8), (32,)),
        ((28, 28), (32, 64)),
        ((32, 32), (32, 64)),
        ((33, 33), (32, 64, 128)),
        ((64, 64), (32, 64, 128)),
        ((128, 128), (32, 64, 128, 128)),
        ((2, 128), (32,)),
    ],
)
def test_strides_end_at_eight_pixels(size, channels):
    assert channels_for(*size) == channels


def test_told_dense_networks_are_mlps_of_what_is_joined():
    nets, shape = nets_of("dense", 4, (3, 2, 1)), (3, 2, 1)
    x = jax.random.normal(jax.random.key(1), (5, *shape))
    labels = jnp.array([0, 3, 1, 1, 2])
    params = nets.init(jax.random.key(0), x)
    one_of = np.eye(4, dtype=np.float32)[np.asarray(labels)]
    code = nets.encode(params, Conditioned(x, labels))
    np.testing.assert_array_equal(code.condition, labels)
    joined = np.concatenate([np.asarray(x).reshape(5, -1), one_of], 1)
    right = mlp((8,), (6,)).apply(params["encoder"], joined)
    np.testing.assert_allclose(code.values, right, rtol=1e-5)
    z = code.values[:, :3]
    joined = np.concatenate([np.asarray(z), one_of], 1)
    right = mlp((8,), (3, 2, 2)).apply(params["decoder"], joined)
    out = nets.decode(params, Conditioned(z, labels))
    np.testing.assert_allclose(out, right, rtol=1e-5)


def by_hand(params, name, x):
    """A group norm of Linen's and relu."""
    scale = params[name]["norm"]
    groups = gcd(x.shape[-1], 8)
    normed = nn.GroupNorm(groups, epsilon=1e-5).apply({"params": scale}, x)
    return jax.nn.relu(normed)


def convolved(params, x, strides=1):
    dims = ("NHWC", "HWIO", "NHWC")
    y = jax.lax.conv_general_dilated(
        x, params["kernel"], (strides, strides), "SAME", dimension_numbers=dims
    )
    return y + params["bias"][None, None, None] if "bias" in params else y


def block_by_hand(params, x):
    y = convolved(params["conv_0"], by_hand(params, "ready_0", x))
    return x + convolved(params["conv_1"], by_hand(params, "ready_1", y))


def test_residual_networks_against_lax_and_linen():
    spec = stack((7, 6, 3), (4, 6), kernel=4, stride=2)
    x = jax.random.normal(jax.random.key(1), (2, 7, 6, 3))
    net = residual_net(spec)

    @jax.jit
    def right(params, x):
        y = block_by_hand(params["block_0"], convolved(params["conv_0"], x, 2))
        y = convolved(params["conv_1"], by_hand(params, "ready_1", y), 2)
        return by_hand(params, "ready_2", block_by_hand(params["block_1"], y))

    params = jax.jit(net.init)(jax.random.key(0), x)
    y = jax.jit(net.apply)(params, x)
    np.testing.assert_allclose(y, right(params, x), atol=2e-5)
    back = residual_transposed_net(spec, 5)
    params = jax.eval_shape(back.init, jax.random.key(0), y)
    assert jax.eval_shape(back.apply, params, y).shape == (2, 7, 6, 5)
    assert set(params) == {f"{part}_{i}" for part in ("block", "ready", "conv") for i in (0, 1)}


@pytest.mark.parametrize(
    ("build", "told"),
    [
        (lambda: nets_of("cnov", 0, (8, 8, 1)), "net='cnov' is unknown. Did you mean 'conv'"),
        (lambda: nets_of("conv", 0, (784,)), "net='conv' does not go with examples of shape"),
        (lambda: nets_of("resnet", 0, (1, 8, 1)), "images .* of 2 x 2 pixels or more"),
        (lambda: models.undercomplete((8, 8, 1), net="conv", tied=True), "tied=True does not"),
        (lambda: models.undercomplete(8, condition=3, tied=True), "tied=True does not go with"),
        (lambda: models.iwae((8, 8, 1), net="conv", data_bias=True), "data_bias=True does not"),
        (lambda: models.vae(8, condition=1), "condition=1 is no condition"),
        (lambda: models.linear(8, net="conv"), "'net' does not go with model 'linear'.* vae,"),
        (lambda: models.vamp_vae(8, condition=3), "'condition' does not go with model 'vamp_vae'"),
        (lambda: models.build("topk", 8, {"net": "conv"}), "'net' does not go with model 'topk'"),
    ],
)
def test_what_does_not_go_together_is_one_line(build, told):
    with pytest.raises(ConfigError, match=told) as error:
        build()
    assert "Allowed: " in str(error.value)
    assert "\n" not in str(error.value)
