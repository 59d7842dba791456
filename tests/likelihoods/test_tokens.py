"""Tokens: the categorical likelihood against a loop in double precision, padding, and the end."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from aejax import fit, models
from aejax.errors import ConfigError
from aejax.evaluate.reconstruction import token_accuracy
from aejax.likelihoods.tokens import categorical, cut
from aejax.types import Latent

X = np.asarray([[2, 4, 3, 1, 0], [1, 0, 0, 0, 0], [0, 0, 0, 0, 0], [3, 3, 3, 3, 3]], np.float32)


def test_nll_is_the_sum_over_the_tokens_that_are_there():
    logits = np.random.RandomState(0).randn(4, 5, 4).astype(np.float32)
    expected = np.zeros(4)
    for b, row in enumerate(X):
        for t, token in enumerate(row.astype(int)):
            if token:
                p = np.exp(logits[b, t].astype(np.float64))
                expected[b] -= np.log(p[token - 1] / p.sum())
    got = categorical(5).nll(jnp.asarray(logits), jnp.asarray(X))
    np.testing.assert_allclose(got, expected, rtol=1e-6)
    assert got[2] == 0  # nothing there, nothing to pay


def test_probabilities_of_all_sequences_of_one_length_sum_to_one():
    logits = jnp.asarray(np.random.RandomState(1).randn(1, 3, 4), jnp.float32)
    every = jnp.asarray(np.indices((4, 4, 4)).reshape(3, -1).T + 1, jnp.float32)
    nll = categorical(5).nll(jnp.broadcast_to(logits, (64, 3, 4)), every)
    np.testing.assert_allclose(jnp.exp(-nll).sum(), 1.0, rtol=1e-5)


def test_the_mean_is_the_likeliest_sequence_up_to_its_end():
    assert cut(jnp.asarray([[2, 1, 3, 1], [1, 2, 2, 2], [2, 3, 4, 2]])).tolist() == [
        [2, 1, 0, 0],
        [1, 0, 0, 0],
        [2, 3, 4, 2],
    ]
    logits = 100.0 * jax.nn.one_hot(jnp.asarray([[1, 3, 0, 2]]), 4)
    assert categorical(5).mean(logits).tolist() == [[2.0, 4.0, 1.0, 0.0]]


def test_samples_have_the_softmax_s_frequencies():
    logits = jnp.broadcast_to(jnp.log(jnp.asarray([0.1, 0.2, 0.7]))[None, None], (20000, 1, 3))
    drawn = np.asarray(categorical(4).sample(jax.random.key(0), logits))[:, 0]
    for token, p in ((1, 0.1), (2, 0.2), (3, 0.7)):
        assert abs((drawn == token).mean() - p) < 4 * np.sqrt(p * (1 - p) / 20000)


def test_finite_at_extreme_logits():
    value, grad = jax.value_and_grad(lambda l: categorical(5).nll(l, jnp.asarray(X)).sum())(
        1e4 * jnp.asarray(np.random.RandomState(0).randn(4, 5, 4), jnp.float32)
    )
    assert np.isfinite(value)
    assert np.isfinite(grad).all()


def test_token_accuracy_counts_words_and_ends_and_no_padding():
    model = models.seq2seq(5, likelihood="categorical", vocabulary=5)
    said = jnp.asarray([[2.0, 4, 1, 0, 0], [1, 0, 0, 0, 0], [2, 1, 0, 0, 0], [3, 3, 3, 3, 1]])
    model = model.replace(
        encode=lambda variables, x: Latent(z=x, mean=x),
        decode=lambda variables, z: 9.0 * jax.nn.one_hot(said.astype(int) - 1, 4),
    )
    # Blank logits after an end stand for the id 1, which is cut: padding either way.
    assert token_accuracy(model, {}, jnp.asarray(X)).tolist() == [0.5, 1.0, 1.0, 0.800000011920929]


def test_what_is_no_token_is_refused_in_one_line():
    model = models.seq2seq(5, likelihood="categorical", vocabulary=5)
    with pytest.raises(ConfigError, match="uint8"):
        fit(model, X.astype(np.uint8) * 2, steps=1, batch_size=2)
    with pytest.raises(ConfigError, match="whole numbers from 0 to 4"):
        fit(model, X + 0.5, steps=1, batch_size=2)
    with pytest.raises(ConfigError, match=r"outside the support \[0, 4\]"):
        fit(model, X + 3, steps=1, batch_size=2)
    with pytest.raises(ConfigError, match="vocabulary=2 is out of range"):
        categorical(2)
