"""Mult-DAE and Mult-VAE: the objective by hand, rows of unit length, ranking of held-out items."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import aejax
from aejax.baselines import RECOMMENDERS
from aejax.corruptions.dropout import unit_dropout, unit_length
from aejax.data.ratings import load_ratings, strong_generalisation
from aejax.evaluate.ranking import ndcg
from aejax.models.collaborative.mult_dae import mult_dae
from aejax.models.collaborative.mult_vae import mult_vae

X = jnp.asarray(np.random.default_rng(0).random((7, 9)) < 0.5, jnp.float32)
SMALL = {"latent": 3, "activation": "tanh"}


def loss_of(model, step=0, **hp):
    values = {n: jnp.float32(v) for n, v in (model.hparams | hp).items()}
    variables = model.init(jax.random.key(1), X)
    return variables, *model.loss(variables, values, X, jax.random.key(2), jnp.int32(step))


def log_softmax(logits):
    shifted = logits - logits.max(1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(1, keepdims=True))


def layers(params):
    ordered = sorted(params, key=lambda name: int(name.rpartition("_")[2]))
    return [(np.asarray(params[n]["kernel"]), np.asarray(params[n]["bias"])) for n in ordered]


def test_mult_dae_is_its_formula():
    """Without dropout, in NumPy: I - 3 - I, tanh; the weights' penalty has no biases."""
    variables, scalar, aux = loss_of(mult_dae(9, **SMALL), corruption=0.0, w_l2=0.1)
    ((a, b),) = layers(variables["params"]["encoder"])
    ((c, d),) = layers(variables["params"]["decoder"])
    x = np.asarray(X)
    h = np.tanh(x / np.linalg.norm(x, axis=1, keepdims=True) @ a + b)
    nll = -(x * log_softmax(h @ c + d)).sum(1)
    np.testing.assert_allclose(aux.terms["rec_nats"], nll, rtol=1e-5)
    penalty = 0.05 * (np.square(a).sum() + np.square(c).sum())
    assert float(scalar) == pytest.approx(nll.mean() + penalty, rel=1e-5)


@pytest.mark.parametrize(("step", "weight"), [(0, 0.0), (25, 0.1), (50, 0.2), (2**30, 0.2)])
def test_the_divergence_of_mult_vae_is_annealed_to_its_cap(step, weight):
    model = mult_vae(9, latent=3, widths=(5,))
    _, scalar, aux = loss_of(model, step, warmup_steps=50.0)
    rec, kl = (np.asarray(aux.terms[name]) for name in ("rec_nats", "kl_nats"))
    assert (kl >= 0).all()  # 0 of a user whose every item was dropped
    assert kl.max() > 0.1
    assert float(scalar) == pytest.approx((rec + weight * kl).mean(), rel=1e-5)


@pytest.mark.parametrize("model", [mult_dae(9, **SMALL), mult_vae(9, latent=3, widths=(5,))])
def test_a_user_is_ranked_by_the_direction_of_the_row_alone(model):
    variables = model.init(jax.random.key(1), X)
    codes = model.encode(variables, X).mean
    np.testing.assert_allclose(codes, model.encode(variables, 0.3 * X).mean, atol=1e-6)
    nobody = model.encode(variables, jnp.zeros((2, 9))).mean
    assert np.isfinite(nobody).all()


def test_dropout_keeps_the_row_at_unit_length_in_the_mean():
    corrupt = unit_dropout().apply
    hp = {"corruption": jnp.float32(0.4)}
    draws = [corrupt(jax.random.key(i), X, hp) for i in range(400)]
    np.testing.assert_allclose(np.mean([x for x, _ in draws], 0), unit_length(X), atol=0.1)
    rows, dropped = map(np.asarray, draws[0])
    assert (rows[dropped] == 0).all()
    np.testing.assert_allclose(
        rows[~dropped], np.asarray(unit_length(X))[~dropped] / 0.6, rtol=1e-5
    )
    whole, none = corrupt(jax.random.key(0), X, {"corruption": jnp.float32(0.0)})
    np.testing.assert_allclose(whole, unit_length(X))
    assert not none.any()


@pytest.mark.parametrize("name", ["mult_dae", "mult_vae"])
def test_held_out_items_are_found_better_than_by_popularity(name):
    found = strong_generalisation(load_ratings("planted_ratings"), 0, 60, 100)
    model = aejax.models.build(name, found.train.shape[1], {"latent": 16})
    hp = {"lr": 3e-3, **({"warmup_steps": 100.0} if name == "mult_vae" else {})}
    fitted = aejax.fit(model, found.train, steps=200, batch_size=64, hp=hp, progress=False)
    shown, wanted = found.test
    ours = ndcg(aejax.reconstruct(fitted, shown), shown, wanted, 100)
    popular = ndcg(RECOMMENDERS["popularity"].fit(found.train, 0)(shown), shown, wanted, 100)
    print(name, ours.mean(), "popularity", popular.mean())
    assert ours.mean() > popular.mean() + 0.05
