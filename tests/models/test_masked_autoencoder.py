"""The masked autoencoder: only visible patches reach the encoder; the loss is of the others."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from aejax import evaluate
from aejax.errors import ConfigError
from aejax.keys import stream
from aejax.models import masked_autoencoder
from aejax.nets.transformer import patchify
from aejax.types import Autoencoder

SMALL = {"latent": 8, "depth": 1, "heads": 2, "decoder_width": 8}
SHAPE = (8, 8, 3)  # 16 patches, 4 of them visible


def images(batch: int = 5) -> jax.Array:
    return jax.random.uniform(jax.random.key(0), (batch, *SHAPE))


@functools.cache
def built() -> tuple[Autoencoder, dict, jax.Array]:
    model = masked_autoencoder(SHAPE, **SMALL)
    variables = jax.jit(model.init)(jax.random.key(0), images())
    _, hidden = model.info.corruption.apply(jax.random.key(3), images(), {})
    return model, variables, hidden


@functools.cache
def encoder():
    model, variables, _ = built()
    return jax.jit(lambda x, hidden: model.encode(variables, x, hidden=hidden))


@pytest.mark.parametrize("other", [0.0, -7.0, np.nan, np.inf])
def test_only_visible_patches_reach_the_encoder(other):
    """Whatever stands in the hidden patches, NaN included, the codes are equal bit for bit."""
    _, _, hidden = built()
    x = images()
    latent, again = encoder()(x, hidden), encoder()(jnp.where(hidden, other, x), hidden)
    np.testing.assert_array_equal(latent.mean, again.mean)
    np.testing.assert_array_equal(latent.z.tokens, again.z.tokens)
    moved = encoder()(jnp.where(hidden, x, x + 0.1), hidden)
    assert (np.abs(latent.mean - moved.mean).max(1) > 1e-3).all()


def test_the_encoders_sequence_is_as_long_as_the_visible_patches():
    """4 of 16: the tokens' shape, and no product inside the encoder that has 16 rows of tokens."""
    model, variables, hidden = built()
    z = encoder()(images(), hidden).z
    assert z.tokens.shape == (5, 4, 8)
    for row, places in zip(np.asarray(patchify(hidden, 2)).any(2), z.places, strict=True):
        np.testing.assert_array_equal(places, np.flatnonzero(~row))

    def products(jaxpr):
        for eqn in jaxpr.eqns:
            if eqn.primitive.name == "dot_general":
                yield tuple(eqn.outvars[0].aval.shape)
            for value in eqn.params.values():
                inner = getattr(value, "jaxpr", value)
                if hasattr(inner, "eqns"):
                    yield from products(inner)

    def shapes(fn, *args):
        return list(products(jax.make_jaxpr(fn)(*args).jaxpr))

    seen = shapes(lambda x: model.encode(variables, x, hidden=hidden).mean, images())
    assert (5, 2, 4, 4) in seen  # attention: batch, heads, 4 x 4
    assert all(16 not in shape for shape in seen), seen
    assert (5, 2, 16, 16) in shapes(lambda x: model.encode(variables, x).mean, images())


def test_in_evaluation_all_patches_are_visible():
    model, variables, _ = built()
    latent = model.encode(variables, images())
    assert latent.z.tokens.shape == (5, 16, 8)
    np.testing.assert_allclose(latent.mean, latent.z.tokens.mean(1), atol=1e-6)
    assert evaluate.reconstruct(model, variables, images()).shape == (5, *SHAPE)


def test_the_decoder_puts_tokens_where_they_belong():
    """The order of the tokens is nothing, their places are all."""
    model, variables, hidden = built()
    z = encoder()(images(), hidden).z
    decode = jax.jit(lambda z: model.decode(variables, z))
    turned = z._replace(tokens=z.tokens[:, ::-1], places=z.places[:, ::-1])
    np.testing.assert_allclose(decode(z), decode(turned), atol=1e-6)
    elsewhere = z._replace(places=z.places[:, ::-1])
    assert float(jnp.abs(decode(z) - decode(elsewhere)).max()) > 1e-3


def test_the_loss_is_of_the_hidden_pixels():
    """12 of 16 patches: half their squared error; the visible pixels have no weight."""
    model, variables, _ = built()
    x, key = images(), jax.random.key(1)
    hp = {name: jnp.float32(value) for name, value in model.hparams.items()}
    scalar, aux = jax.jit(model.loss)(variables, hp, x, key, jnp.int32(0))
    x_in, hidden = model.info.corruption.apply(stream(key, "corruption"), x, hp)
    out = model.decode(variables, model.encode(variables, x_in, hidden=hidden).z)
    error = np.asarray(0.5 * np.square(x - out) + 0.5 * np.log(2 * np.pi))
    want = np.where(hidden, error, 0).sum((1, 2, 3))
    assert hidden.sum() == 5 * 12 * 4 * 3
    np.testing.assert_allclose(aux.terms["rec_nats"], want, rtol=1e-5)
    np.testing.assert_allclose(scalar, want.mean(), rtol=1e-5)
    rest = np.where(hidden, 0, error).sum((1, 2, 3))
    np.testing.assert_allclose(aux.terms["visible_nats"], rest, rtol=1e-5)


def test_figures_show_the_prediction_of_what_was_hidden_in_the_image():
    model, variables, _ = built()
    shown = jax.jit(lambda x: evaluate.show(model, variables, {}, jax.random.key(0), x, 2))(
        images()
    )
    hidden = shown["noisy"] == 0
    assert hidden.sum() == 5 * 12 * 4 * 3
    want = model.decode(variables, model.encode(variables, images(), hidden=hidden).z)
    want = jnp.where(hidden, want, images())
    np.testing.assert_allclose(shown["reconstructions"], want, atol=1e-5)


@pytest.mark.parametrize(
    ("features", "args", "message"),
    [
        (64, {}, "features=64 is no image.*'masked_autoencoder'"),
        (SHAPE, {"patch": 3}, "patch=3 does not divide"),
        (SHAPE, {"mask_ratio": 1.0}, "mask_ratio=1.0"),
        (SHAPE, {"latent": 30}, "latent=30 is no width for heads=4"),
        (SHAPE, {"decoder_width": 12, "heads": 8}, "decoder_width=12 is no width for heads=8"),
        (SHAPE, {"depth": 0}, "depth"),
        (SHAPE, {"init": "glorot"}, "init='glorot' is unknown"),
    ],
)
def test_bad_input_is_one_line(features, args, message):
    with pytest.raises(ConfigError, match=message):
        masked_autoencoder(features, **args)
