"""Sequences drawn token after token: as frequent as the taught decoder says."""

from __future__ import annotations

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import aejax
from aejax.api.drawing import draw_tokens
from aejax.api.fitted import Fitted
from aejax.data.scaling import Scale
from aejax.errors import ConfigError
from aejax.evaluate.importance import log_likelihood
from aejax.train.recipe import Recipe


def untrained(model, x, **hp) -> Fitted:
    """A record that no training has made, whose decoder is far from uniform all the same."""
    variables = jax.jit(model.init)(jax.random.key(0), jnp.asarray(x))
    variables = jax.tree.map(lambda leaf: 2.0 * leaf, variables)
    return Fitted(model, variables, Recipe(1, 1), 0, hp, {}, {}, None, None, Scale.of(x))


def test_sequences_are_as_frequent_as_they_are_likely():
    model = aejax.models.sentence_vae(3, latent=2, widths=(6,), cell="gru", vocabulary=4)
    fitted = untrained(model, np.asarray([[2, 3, 1]], np.float32))
    n, z = 8192, np.array([[0.7, -1.1]], np.float32)
    drawn = draw_tokens(fitted, n, codes=np.repeat(z, n, 0), seed=3)
    assert (drawn == draw_tokens(fitted, n, codes=np.repeat(z, n, 0), seed=3)).all()
    every = [s for s in itertools.product((1, 2, 3), repeat=3) if 1 not in s[:2]]
    every = np.asarray([*every, *[(a, 1, 0) for a in (2, 3)], (1, 0, 0)], np.float32)
    nets, likelihood = model.info.nets, model.info.likelihood
    assert nets.teacher_forced is not None
    codes = jnp.repeat(jnp.asarray(z), len(every), 0)
    hp = {"word_dropout": 0.0}
    out = nets.teacher_forced(
        fitted.variables["params"], codes, jnp.asarray(every), jax.random.key(0), hp
    )
    p = np.exp(-np.asarray(likelihood.nll(out, jnp.asarray(every)), np.float64))
    assert p.sum() == pytest.approx(1, abs=1e-5)
    assert p.max() > 3 * p.min()  # not merely uniform
    share = np.asarray([(drawn == row).all(1).mean() for row in every])
    assert share.sum() == 1
    assert (np.abs(share - p) < 4.5 * np.sqrt(p * (1 - p) / n) + 1e-4).all()
    assert len(np.unique(draw_tokens(fitted, 64), axis=0)) > 1  # of the prior


def test_other_models_draw_no_tokens():
    fitted = untrained(aejax.models.vae((4,), latent=2), np.zeros((2, 4), np.float32))
    with pytest.raises(ConfigError, match="draws no tokens"):
        draw_tokens(fitted, 2)
    sentences = aejax.models.sentence_vae(3, latent=2, widths=(4,), vocabulary=4)
    assert sentences.info.nets.drawn is not None
    assert aejax.models.seq2seq((5, 2)).info.nets.drawn is None


def test_the_log_p_of_a_score_misses_as_many_words_as_training_did():
    model = aejax.models.sentence_vae(3, latent=2, widths=(6,), cell="gru", vocabulary=4)
    x = np.asarray([[2, 3, 1], [3, 1, 0], [2, 2, 1], [1, 0, 0]] * 4, np.float32)
    key, found = jax.random.fold_in(jax.random.key(5), 0), {}
    estimate = jax.jit(lambda v, hp: log_likelihood(model, v, jnp.asarray(x), key, 4, hp=hp))
    for rate in (0.0, 0.9):
        fitted = untrained(model, x, **{**model.hparams, "word_dropout": rate})
        found[rate] = aejax.score(fitted, x, log_p_samples=4, seed=5)["log_p_nats"]
        expected = estimate(fitted.variables, {"word_dropout": rate})
        np.testing.assert_allclose(found[rate], expected.log_p, rtol=1e-4)
    assert np.abs(found[0.0] - found[0.9]).max() > 0.1
