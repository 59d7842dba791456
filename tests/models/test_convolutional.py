"""Strided convolutional autoencoder: odd sizes, colour, equivariance to shifts by the stride."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from aejax import evaluate
from aejax.errors import ConfigError
from aejax.models import convolutional
from aejax.nets.convolutional import conv_net, stack
from aejax.train import tree


def images(shape, batch=2) -> jax.Array:
    return jnp.asarray(np.random.default_rng(0).uniform(size=(batch, *shape)), jnp.float32)


@pytest.mark.parametrize("shape", [(7, 9, 1), (28, 20, 1), (8, 8, 3), (5, 5, 4)])
@pytest.mark.parametrize("likelihood", ["gaussian", "gaussian_learned"])
def test_shapes_for_odd_sizes_and_colour(shape, likelihood):
    model = convolutional(shape, latent=5, widths=(4, 6), likelihood=likelihood)

    @jax.jit
    def run(x):
        variables = model.init(jax.random.key(0), x)
        back = evaluate.reconstruct(model, variables, x)
        return back, model.encode(variables, x).mean, variables["params"]

    x = images(shape)
    back, code, params = run(x)
    assert back.shape == x.shape
    assert code.shape == (2, 5)
    assert params["encoder"]["conv_0"]["kernel"].shape == (4, 4, shape[2], 4)


def maps_of(x, stride, layers=2):
    spec = stack(x.shape[1:], (6,) * layers, kernel=4, stride=stride, activation="tanh")
    net = conv_net(spec)
    return net.apply(net.init(jax.random.key(0), x), x)


@pytest.mark.parametrize(("side", "stride"), [(32, 2), (54, 3)])
def test_maps_move_by_one_when_the_image_moves_by_the_strides(side, stride):
    """Two layers: a shift by stride^2 pixels is one of the maps; the padded border is left out."""
    x = images((side, side, 3))
    step = stride**2
    maps = maps_of(x, stride)
    moved = maps_of(jnp.roll(x, (step, step), (1, 2)), stride)
    np.testing.assert_allclose(moved[:, 3:-2, 3:-2], maps[:, 2:-3, 2:-3], atol=1e-5)
    # A shift by one pixel is none of the maps: the test can fail.
    nudged = maps_of(jnp.roll(x, (1, 1), (1, 2)), stride)
    assert float(jnp.abs(nudged[:, 3:-2, 3:-2] - maps[:, 2:-3, 2:-3]).max()) > 0.05
    assert float(jnp.abs(nudged[:, 2:-2, 2:-2] - maps[:, 2:-2, 2:-2]).max()) > 0.05


def test_a_code_of_maps_has_no_dense_layer_and_is_read_flat():
    model = convolutional((8, 6, 1), latent=0, widths=(4, 6), corruption="masking")
    x = images((8, 6, 1))
    variables = jax.jit(model.init)(jax.random.key(0), x)
    assert not [path for path in tree.flatten(variables["params"]) if "dense" in path]
    code = model.encode(variables, x)
    assert code.z.shape == (2, 2, 2, 6)
    np.testing.assert_array_equal(code.mean, code.z.reshape(2, -1))
    assert model.info.latent == 24
    assert evaluate.reconstruct(model, variables, x).shape == x.shape


def test_the_input_is_corrupted_and_the_loss_is_of_the_clean_image():
    """All pixels masked: what comes out is that of black images, compared with the clean ones."""
    model = convolutional((8, 8, 1), latent=0, widths=(4,), corruption="masking")
    x = images((8, 8, 1))
    variables = jax.jit(model.init)(jax.random.key(0), x)
    hp = {n: jnp.float32(v) for n, v in (model.hparams | {"corruption": 1.0}).items()}
    _, aux = model.loss(variables, hp, x, jax.random.key(1), jnp.int32(0))
    blind = evaluate.reconstruct(model, variables, jnp.zeros_like(x))
    error = np.square(np.asarray(x - blind)).sum((1, 2, 3))
    constant = np.asarray(aux.terms["rec_nats"]) - 0.5 * error  # of the Gaussian
    np.testing.assert_allclose(constant, constant[0], rtol=1e-5)
    assert np.ptp(error) > 1e-3


def test_group_norm_is_in_both_networks_and_in_no_output():
    model = convolutional((8, 8, 1), latent=4, widths=(4, 8), norm_groups=2)
    params = jax.jit(model.init)(jax.random.key(0), images((8, 8, 1)))["params"]
    assert {"norm_0", "norm_1"} <= set(params["encoder"])
    assert "norm_1" in params["decoder"]
    assert "norm_0" not in params["decoder"]
    assert "bias" not in params["encoder"]["conv_0"]  # the norm has its own
    assert "bias" in params["decoder"]["conv_0"]
    code = jax.jit(lambda x: model.encode({"params": params, "extra": {}}, x).mean)
    x = images((8, 8, 1))
    np.testing.assert_allclose(code(x)[:1], code(x[:1]), atol=1e-6)  # no example sees another


@pytest.mark.parametrize(
    ("features", "args", "message"),
    [
        (64, {}, "features=64 is no image.*'convolutional'.*height, width, channels"),
        ((8, 8), {}, r"features=\(8, 8\) is no image"),
        ((8, 8, 1), {"widths": (4,) * 4}, "stride=2 in 4 layers.*8x8.*1x1 after 3.*Allowed: 3"),
        ((9, 2, 1), {"widths": (4, 4), "stride": 3}, "stride=3 in 2 layers"),
        ((8, 8, 1), {"widths": (4, 6), "norm_groups": 4}, "norm_groups=4 does not divide"),
        ((8, 8, 1), {"widths": ()}, "has no layer"),
        ((8, 8, 1), {"kernel_size": 0}, "kernel_size"),
        ((8, 8, 1), {"activation": "rellu"}, "Did you mean 'relu'"),
        ((8, 8, 1), {"latent": -1}, "latent=-1"),
        ((8, 8, 1), {"latent": 0, "code_activation": "tanh"}, "latent=0, code_activation 'tanh'"),
        (
            (8, 8, 1),
            {"corruption": "masks"},
            "corruption='masks'.*Did you mean 'masking'",
        ),
    ],
)
def test_bad_input_is_one_line(features, args, message):
    with pytest.raises(ConfigError, match=message):
        convolutional(features, **args)
