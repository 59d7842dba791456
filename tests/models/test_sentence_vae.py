"""The sentence VAE: the annealed weight, word dropout up to the inputless decoder, no collapse."""

from __future__ import annotations

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from aejax import data, models
from aejax.evaluate.importance import log_likelihood
from aejax.evaluate.members import evaluator
from aejax.train.plan import Job
from aejax.train.recipe import Recipe, hparams_of
from aejax.train.run import train

ARGS = {"latent": 4, "widths": (8,), "cell": "gru"}


def test_the_kl_s_weight_is_logistic_in_the_step_and_one_in_evaluation():
    x = jnp.asarray(data.load("toy_sequences").test[:16])
    model = models.sentence_vae(8, **ARGS)
    variables = jax.jit(model.init)(jax.random.key(0), x)
    hp = {n: jnp.float32(v) for n, v in model.hparams.items()} | {
        "anneal_rate": jnp.float32(0.01),
        "anneal_midpoint": jnp.float32(500.0),
        "w_kl_nats": jnp.float32(2.0),
    }
    loss = jax.jit(lambda step: model.loss(variables, hp, x, jax.random.key(1), step))
    for step, weight in ((0, 1 / (1 + np.exp(5.0))), (500, 0.5), (700, 1 / (1 + np.exp(-2.0)))):
        scalar, aux = loss(jnp.int32(step))
        rec, kl = (float(aux.terms[term].mean()) for term in ("rec_nats", "kl_nats"))
        np.testing.assert_allclose(scalar, rec + 2.0 * weight * kl, rtol=1e-6)
    scalar, aux = loss(jnp.int32(2**30))  # as in evaluation; the terms are those of no step at all
    assert float(aux.terms["kl_nats"].mean()) == kl > 0
    np.testing.assert_allclose(scalar, rec + 2.0 * kl, rtol=1e-6)


def test_a_decoder_without_words_reads_the_code_alone():
    model = models.sentence_vae(8, **ARGS)
    x = jnp.asarray(data.load("toy_sequences").test[:16])
    variables = jax.jit(model.init)(jax.random.key(0), x)
    z = jax.random.normal(jax.random.key(1), (16, 4))
    teach = jax.jit(
        lambda x, rate: model.info.nets.teacher_forced(
            variables["params"], z, x, jax.random.key(2), {"word_dropout": rate}
        )
    )
    np.testing.assert_array_equal(teach(x, 1.0), teach(x[::-1], 1.0))
    assert not np.array_equal(teach(x, 0.0), teach(x[::-1], 0.0))
    # Without dropout the words come in whole, and no draw enters.
    nets = model.info.nets
    other = nets.teacher_forced(variables["params"], z, x, jax.random.key(3), {"word_dropout": 0.0})
    np.testing.assert_allclose(teach(x, 0.0), other, rtol=1e-4, atol=1e-6)


def test_the_probabilities_of_all_sentences_sum_to_one():
    """log p(x) by importance sampling teaches the decoder; a free-running one would not add up."""
    model = models.sentence_vae(3, vocabulary=4, **ARGS)
    every = [s for s in itertools.product((1, 2, 3), repeat=3) if 1 not in s[:2]]
    every += [(a, 1, 0) for a in (2, 3)] + [(1, 0, 0)]
    x = jnp.asarray(every, jnp.float32)
    params = jax.jit(model.init)(jax.random.key(0), x)["params"]
    # The posterior is set to the prior, which bounds the weights; the decoder is made to vary.
    encoder = {**params["encoder"], "code": jax.tree.map(jnp.zeros_like, params["encoder"]["code"])}
    decoder = jax.tree.map(lambda leaf: 2.0 * leaf, params["decoder"])
    variables = {"params": {"encoder": encoder, "decoder": decoder}, "extra": {}}
    hp = {"word_dropout": 0.0}
    estimate = jax.jit(
        lambda v, x: log_likelihood(model, v, x, jax.random.key(1), samples=2000, hp=hp)
    )(variables, x)
    p = np.exp(np.asarray(estimate.log_p, np.float64))
    error = np.sum(p * np.asarray(estimate.standard_error))  # the samples are shared: no root
    assert error < 0.05
    assert abs(p.sum() - 1) < 3 * error
    assert p.max() / p.min() > 3  # not merely uniform


@pytest.mark.slow
def test_annealing_and_word_dropout_keep_the_code_in_use():
    """A VAE with a strong decoder ignores its code; both tricks undo it. Bowman 2016, table 2."""
    sentences = data.load("toy_sequences")
    model = models.sentence_vae(8, latent=8, widths=(32,), cell="gru")
    recipe = Recipe(1000, 64, clip=True)
    points = [(0.0, -1e6), (0.0, 300.0), (0.5, 300.0)]  # word dropout, midpoint
    defaults = {**hparams_of(model, recipe), "lr": 4e-3, "anneal_rate": 0.02}
    hp = {name: [value] * len(points) for name, value in defaults.items()}
    hp |= {"word_dropout": [p[0] for p in points], "anneal_midpoint": [p[1] for p in points]}
    values = {name: jnp.asarray(value, jnp.float32) for name, value in hp.items()}
    job = Job(model, recipe, values, jnp.zeros(len(points), jnp.int32), 1000, "vmap")
    trained = train(job, sentences.train, valid=sentences.test, measure=evaluator)
    plain, annealed, dropped = (float(v) for v in trained.valid["kl_nats"][:, -1])
    assert plain < 0.1  # collapsed
    assert annealed > 0.5
    assert dropped > 1.5 * annealed
    # Samples of the prior are sentences: words, one end, padding.
    variables = jax.tree.map(lambda leaf: leaf[2], trained.state.variables)
    for row in np.asarray(model.sample(variables, jax.random.key(0), 50)).astype(int):
        length = int(np.argmax(row == 1)) if 1 in row else 8
        assert (row[:length] >= 2).all()
        assert (row[length + 1 :] == 0).all()
