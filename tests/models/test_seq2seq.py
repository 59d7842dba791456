"""Sequence to sequence: padding weighs nothing, sequences are reversed, futures are predicted."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import aejax
from aejax import data, models
from aejax.errors import ConfigError
from aejax.evaluate import reconstruct, squared_error

SMALL = {"latent": 6, "widths": (8,), "cell": "gru"}
WORDS = {**SMALL, "likelihood": "categorical", "vocabulary": 12, "conditional": True}
# Name, arguments; each of a length that is the test's.
OF_TOKENS = [
    ("seq2seq", WORDS),
    ("seq2seq", {**WORDS, "cell": "lstm", "conditional": False}),
    ("seq2seq", {**WORDS, "reverse": False}),
    ("sentence_vae", {"latent": 6, "widths": (8,)}),
]
FILM = (6, 9)


def of_loss(model, **hp):
    values = {name: jnp.float32(value) for name, value in {**model.hparams, **hp}.items()}
    return jax.jit(lambda v, x: model.loss(v, values, x, jax.random.key(5), jnp.int32(3000)))


@pytest.mark.parametrize(("name", "args"), OF_TOKENS)
def test_a_padded_batch_gives_the_same_loss_and_gradient(name, args):
    """Padded by four: the same loss, terms and gradients, whatever the noise is."""
    x = jnp.asarray(data.load("toy_sequences").test[:32])
    padded = jnp.pad(x, ((0, 0), (0, 4)))
    short, long = (models.build(name, t.shape[1], args) for t in (x, padded))
    variables = jax.jit(short.init)(jax.random.key(0), x)
    assert jax.tree.structure(variables) == jax.tree.structure(
        jax.eval_shape(long.init, jax.random.key(0), padded)
    )
    found = []
    for model, table in ((short, x), (long, padded)):
        hp = {name: jnp.float32(value) for name, value in model.hparams.items()}
        loss = lambda v, t, m=model, hp=hp: m.loss(v, hp, t, jax.random.key(5), jnp.int32(3000))
        found.append(jax.jit(jax.value_and_grad(loss, has_aux=True))(variables, table))
    ((loss, aux), grads), ((padded_loss, padded_aux), padded_grads) = found
    np.testing.assert_allclose(loss, padded_loss, rtol=1e-6)
    for term, values in aux.terms.items():
        np.testing.assert_allclose(values, padded_aux.terms[term], rtol=1e-5, atol=1e-6)
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6), grads, padded_grads
    )
    np.testing.assert_allclose(
        jax.jit(short.encode)(variables, x).mean,
        jax.jit(long.encode)(variables, padded).mean,
        rtol=1e-6,
        atol=1e-7,
    )


@pytest.mark.parametrize(("name", "args"), [*OF_TOKENS[:1], ("seq2seq_composite", SMALL)])
def test_the_order_of_rows_is_irrelevant(name, args):
    film = name == "seq2seq_composite"
    x = jax.random.uniform(jax.random.key(0), (16, *FILM))
    x = x if film else jnp.asarray(data.load("toy_sequences").test[:16])
    model = models.build(name, x.shape[1:], args)
    variables, order = jax.jit(model.init)(jax.random.key(0), x), np.random.permutation(16)
    loss = of_loss(model)
    (scalar, aux), (shuffled, shuffled_aux) = loss(variables, x), loss(variables, x[order])
    np.testing.assert_allclose(scalar, shuffled, rtol=1e-6)
    for term, values in aux.terms.items():
        np.testing.assert_allclose(values[order], shuffled_aux.terms[term], rtol=1e-5)


def random_sentences(count: int, words: int, longest: int, seed: int) -> np.ndarray:
    random = np.random.RandomState(seed)
    at, length = np.arange(longest + 1), random.randint(1, longest + 1, (count, 1))
    x = np.where(at < length, random.randint(2, 2 + words, (count, longest + 1)), 0)
    x[at == length] = 1
    return x.astype(np.float32)


@pytest.mark.slow
def test_reverses_sequences_perfectly_on_a_toy_task():
    """Random words have no structure: what is right on held-out sentences was carried by the code.

    The decoder's own order is the reverse of the source's: it is checked on its raw words, before
    `decode` turns them round again.
    """
    table = random_sentences(8000, 6, 5, 0)
    seen = {row.tobytes() for row in table[:7000]}
    held_out = np.stack([row for row in table[7000:] if row.tobytes() not in seen])
    assert len(held_out) > 200
    args = {**WORDS, "latent": 64, "widths": (64,), "vocabulary": 8}
    model = models.seq2seq(6, **args)
    hp, steps = {"lr": 5e-3}, 1500
    fit = aejax.fit(model, table[:7000], steps=steps, hp=hp, schedule="cosine", clip=True)
    x = jnp.asarray(held_out)
    assert (reconstruct(model, fit.variables, x) == x).all()  # every word, end and padding
    forward = models.seq2seq(6, **{**args, "reverse": False})  # the same decoder, not turned round
    emitted = np.asarray(
        forward.info.likelihood.mean(
            forward.decode(fit.variables, model.encode(fit.variables, x).z)
        )
    )
    for row, said in zip(held_out, emitted, strict=True):
        words = row[row > 1]
        assert said.tolist() == [*words[::-1], 1, *[0] * (5 - len(words))]


def test_the_future_never_reaches_the_encoder_and_the_past_never_the_loss():
    x = jax.random.uniform(jax.random.key(0), (8, *FILM))
    other = jax.random.uniform(jax.random.key(1), (8, *FILM))
    model = models.seq2seq_future(FILM, past=4, **SMALL)
    variables = jax.jit(model.init)(jax.random.key(0), x)
    encode = jax.jit(lambda v, x: model.encode(v, x).mean)
    np.testing.assert_array_equal(
        encode(variables, x), encode(variables, x.at[:, 4:].set(other[:, 4:]))
    )
    assert not np.array_equal(encode(variables, x), encode(variables, x.at[:, :4].set(0)))
    out = model.decode(variables, model.encode(variables, x).z)
    nll = model.info.likelihood.nll
    np.testing.assert_array_equal(nll(out, x), nll(out, x.at[:, :4].set(other[:, :4])))
    error = squared_error(model, variables, x)
    np.testing.assert_allclose(error, np.square(out - x)[:, 4:].sum((1, 2)), rtol=1e-5)
    assert not reconstruct(model, variables, x)[:, :4].any()
    expected = 0.5 * np.square(out - x)[:, 4:] + 0.5 * np.log(2 * np.pi)
    np.testing.assert_allclose(nll(out, x), expected.sum((1, 2)), rtol=1e-5)


def test_composite_is_past_plus_future_from_one_code():
    x = jax.random.uniform(jax.random.key(0), (8, *FILM))
    model = models.seq2seq_composite(FILM, past=4, likelihood="bernoulli", **SMALL)
    variables = jax.jit(model.init)(jax.random.key(0), x)
    encode = jax.jit(lambda v, x: model.encode(v, x).mean)
    np.testing.assert_array_equal(encode(variables, x), encode(variables, x.at[:, 4:].set(0.0)))
    _, aux = of_loss(model)(variables, x)
    out = np.asarray(model.decode(variables, encode(variables, x)), np.float64)
    nll = np.log1p(np.exp(out)) - out * x
    np.testing.assert_allclose(aux.terms["rec_nats"], nll.sum((1, 2)), rtol=1e-5)
    np.testing.assert_allclose(aux.terms["future_nats"], nll[:, 4:].sum((1, 2)), rtol=1e-5)
    # Two decoders: the gradient of the future leaves the past's alone, bit for bit.
    values = {name: jnp.float32(value) for name, value in model.hparams.items()}

    def future(params):
        aux = model.loss({**variables, "params": params}, values, x, jax.random.key(0), 0)[1]
        return aux.terms["future_nats"].sum()

    grads = jax.jit(jax.grad(future))(variables["params"])["decoder"]
    assert not any(np.any(leaf) for leaf in jax.tree.leaves(grads["past"]))
    assert all(np.any(leaf) for leaf in jax.tree.leaves(grads["future"]))


@pytest.mark.slow
def test_the_future_predictor_knows_of_motion():
    """Better than a film that stands still, and than the mean film: it has read the motion."""
    films = data.load("bouncing")
    model = models.seq2seq_future((10, 64), latent=32, widths=(96,), past=5, cell="gru")
    hp = {"lr": 4e-3}
    fit = aejax.fit(model, films.train, steps=1500, hp=hp, schedule="cosine", clip=True)
    x = films.test.astype(np.float32) / 255
    error = lambda guess: np.square(guess - x[:, 5:]).sum((1, 2)).mean()
    predicted = error(np.asarray(reconstruct(model, fit.variables, jnp.asarray(x)))[:, 5:])
    mean = error((films.train.astype(np.float32) / 255).mean(0)[None, 5:])
    assert predicted < 0.5 * min(error(x[:, 4:5]), mean), (predicted, error(x[:, 4:5]), mean)


@pytest.mark.parametrize("name", ["seq2seq", "seq2seq_future", "seq2seq_composite", "sentence_vae"])
def test_a_sequence_model_on_images_says_so_when_it_is_built(name):
    with pytest.raises(ConfigError, match=r"features=\(28, 28, 1\) are images.*sequence model"):
        models.build(name, (28, 28, 1), {})


def test_other_compositions_without_sense_are_one_line():
    for features, args, match in (
        (784, {}, "are no frames"),
        (8, {"likelihood": "categorical"}, "vocabulary=0"),
        ((8, 8), {"likelihood": "categorical", "vocabulary": 12}, "does not go with"),
        ((8, 8), {"vocabulary": 12}, "vocabulary=12 does not go with"),
        ((8, 8), {"cell": "rnn"}, "cell='rnn' is unknown"),
        ((8, 8), {"likelihood": "gausian"}, "Did you mean 'gaussian'"),
    ):
        with pytest.raises(ConfigError, match=match):
            models.seq2seq(features, **args)
    with pytest.raises(ConfigError, match="past=8 is out of range for 8 frames"):
        models.seq2seq_future((8, 8), past=8)
    with pytest.raises(ConfigError, match="are no frames"):
        models.seq2seq_composite(8)
