"""Max-pooling and unpooling: places kept through the whole model, tied kernels, shifts."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from aejax import evaluate
from aejax.errors import ConfigError
from aejax.models import convolutional_pooled
from aejax.nets.conv import conv
from aejax.nets.pooling import max_pool, unpool


def images(shape, batch=2) -> jax.Array:
    return jnp.asarray(np.random.default_rng(0).normal(size=(batch, *shape)), jnp.float32)


def started(model, x):
    return jax.jit(model.init)(jax.random.key(0), x)


@pytest.mark.parametrize("shape", [(7, 9, 1), (28, 20, 3)])
@pytest.mark.parametrize("args", [{}, {"switches": False}, {"tied": False, "pool": 3}])
def test_shapes_for_odd_sizes_and_colour(shape, args):
    model = convolutional_pooled(shape, widths=(3, 4), **args)
    x = images(shape)
    variables = started(model, x)
    latent = jax.jit(model.encode)(variables, x)
    assert latent.mean.shape == (2, model.info.latent)
    np.testing.assert_array_equal(latent.mean, latent.z.maps.reshape(2, -1))
    assert len(latent.z.switches) == (0 if args.get("switches") is False else 2)
    back = jax.eval_shape(lambda v, x: evaluate.reconstruct(model, v, x), variables, x)
    assert back.shape == x.shape


def test_one_tied_layer_is_the_papers_equations():
    """Masci 2011, eq. 3 and 4: the gradient of <conv(x), h> in x is the flipped convolution."""
    x = images((6, 7, 2))
    model = convolutional_pooled((6, 7, 2), widths=(5,), kernel_size=3)
    variables = started(model, x)
    params = variables["params"]
    params["encoder"]["conv_0"]["bias"] = images((5,), 1)[0]
    params["decoder"]["conv_0"]["bias"] = images((2,), 1)[0]
    assert set(params["decoder"]["conv_0"]) == {"bias"}
    kernel, bias = params["encoder"]["conv_0"]["kernel"], params["encoder"]["conv_0"]["bias"]
    h = jnp.tanh(conv(x, kernel) + bias[None, None, None, :])
    sparse = unpool(*max_pool(h, 2), 2, (6, 7))
    adjoint = jax.grad(lambda x: jnp.vdot(conv(x, kernel), sparse))(x)
    want = adjoint + params["decoder"]["conv_0"]["bias"][None, None, None, :]
    out = model.decode(variables, model.encode(variables, x).z)
    np.testing.assert_allclose(out, want, atol=1e-5)


def test_the_decoder_reads_the_switches():
    x = images((8, 8, 1))
    model = convolutional_pooled((8, 8, 1), widths=(4,))
    variables = started(model, x)
    z = model.encode(variables, x).z
    moved = z._replace(switches=tuple((s + 1) % 4 for s in z.switches))
    difference = model.decode(variables, z) - model.decode(variables, moved)
    assert float(jnp.abs(difference).max()) > 0.01


@pytest.mark.parametrize("switches", [True, False])
def test_code_and_reconstruction_move_with_the_image(switches):
    """Two poolings of 2: a shift by 4 is one of the code and 4 of the output, away from borders."""
    x = images((32, 32, 1))
    model = convolutional_pooled((32, 32, 1), widths=(4, 5), switches=switches)
    variables = started(model, x)

    @jax.jit
    def run(x):
        z = model.encode(variables, x).z
        return z.maps, model.decode(variables, z)

    maps, out = run(x)
    moved_maps, moved_out = run(jnp.roll(x, (4, 4), (1, 2)))
    np.testing.assert_allclose(moved_maps[:, 3:-2, 3:-2], maps[:, 2:-3, 2:-3], atol=1e-5)
    np.testing.assert_allclose(moved_out[:, 12:-8, 12:-8], out[:, 8:-12, 8:-12], atol=1e-5)
    nudged, _ = run(jnp.roll(x, (1, 1), (1, 2)))
    assert float(jnp.abs(nudged[:, 3:-2, 3:-2] - maps[:, 2:-3, 2:-3]).max()) > 0.05


def test_without_pooling_the_maps_keep_the_images_size():
    model = convolutional_pooled((5, 6, 1), widths=(3,), pool=1, switches=False)
    assert model.info.latent == 5 * 6 * 3


@pytest.mark.parametrize(
    ("features", "args", "message"),
    [
        ((8, 8, 1), {"pool": 1}, "switches=True does not go with pool=1.*Allowed: switches=False"),
        (64, {}, "features=64 is no image"),
        ((8, 8, 1), {"widths": (2,) * 4}, "pool=2 in 4 layers.*Allowed: 3 layers"),
        ((8, 8, 1), {"likelihood": "gaussian_learned"}, "tied=True needs.*1 channels.*2 come out"),
        ((8, 8, 1), {"pool": 0}, "pool"),
    ],
)
def test_bad_input_is_one_line(features, args, message):
    with pytest.raises(ConfigError, match=message):
        convolutional_pooled(features, **args)
