"""Mult-DAE, Mult-VAE and AutoRec: their objectives by hand, and what they say of held-out items."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.sparse import csr_array

import aejax
from aejax.baselines import RECOMMENDERS
from aejax.corruptions.dropout import unit_dropout, unit_length
from aejax.data.ratings import load_ratings, matrix, strong_generalisation
from aejax.evaluate.ranking import ndcg
from aejax.models.collaborative.autorec import autorec
from aejax.models.collaborative.mult_dae import mult_dae
from aejax.models.collaborative.mult_vae import mult_vae

X = jnp.asarray(np.random.default_rng(0).random((7, 9)) < 0.5, jnp.float32)
SMALL = {"latent": 3, "activation": "tanh"}


def loss_of(model, step=0, x=X, **hp):
    values = {n: jnp.float32(v) for n, v in (model.hparams | hp).items()}
    variables = model.init(jax.random.key(1), x)
    return variables, *model.loss(variables, values, x, jax.random.key(2), jnp.int32(step))


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


# Ratings of 1 to 5, NaN where there is none; nobody has rated feature 4, and row 2 is empty.
RATED = np.where(np.asarray(X) > 0, 1.0 + np.arange(63).reshape(7, 9) % 5, np.nan)
RATED[:, 4] = RATED[2] = np.nan


def test_autorec_is_its_formula():
    """In NumPy: I - 3 - I with a sigmoid; half the squared error of the ratings that are there."""
    x = jnp.asarray(RATED, jnp.float32)
    variables, scalar, aux = loss_of(autorec(9, latent=3), x=x, w_l2=0.1)
    ((v, mu),) = layers(variables["params"]["encoder"])
    ((w, b),) = layers(variables["params"]["decoder"])
    h = 1 / (1 + np.exp(-(np.nan_to_num(RATED) @ v + mu))) @ w + b
    half = np.nansum(0.5 * np.square(RATED - h), axis=1)
    constant = 0.5 * np.log(2 * np.pi) * np.isfinite(RATED).sum(1)
    np.testing.assert_allclose(aux.terms["rec_nats"], half + constant, rtol=1e-5)
    assert float(aux.terms["rec_nats"][2]) == 0  # no rating, no loss
    penalty = 0.05 * (np.square(v).sum() + np.square(w).sum())
    assert float(scalar) == pytest.approx((half + constant).mean() + penalty, rel=1e-5)


def test_what_was_not_rated_is_not_learnt():
    model, x = autorec(9, latent=3), jnp.asarray(RATED, jnp.float32)
    variables, *_ = loss_of(model, x=x)
    hp = {n: jnp.float32(v) for n, v in (model.hparams | {"w_l2": 0.0}).items()}
    loss = lambda v: model.loss(v, hp, x, jax.random.key(2), jnp.int32(0))[0]
    slope = jax.grad(loss)(variables)["params"]
    ((v, _),), ((w, b),) = layers(slope["encoder"]), layers(slope["decoder"])
    assert all(np.isfinite(each).all() for each in jax.tree.leaves(slope))
    assert not np.abs(w[:, 4]).any()
    assert not np.abs(v[4]).any()
    assert b[4] == 0
    assert (np.abs(np.delete(b, 4)) > 0).all()


def test_what_a_sparse_row_does_not_store_was_not_rated():
    """A stored zero is a rating; for other models a sparse row's rest is zero, as it was."""
    rated = RATED.copy()
    rated[0, np.flatnonzero(np.isfinite(rated[0]))[0]] = 0.0
    place = np.nonzero(np.isfinite(rated))
    stored = csr_array((rated[place], place), shape=rated.shape)
    assert (stored.data == 0).any()
    options = {"steps": 20, "batch_size": 7, "progress": False}
    one, two = (aejax.fit(autorec(9, latent=3), x, **options) for x in (rated, stored))
    for a, b in zip(*map(jax.tree.leaves, (one.variables, two.variables)), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)
    scores = [aejax.score(one, x) for x in (rated, stored)]
    for name in scores[0]:
        np.testing.assert_allclose(scores[0][name], scores[1][name], rtol=1e-5)
    zero = aejax.models.miwae(9, latent=2, widths=(4,), likelihood="gaussian")
    fitted = aejax.fit(zero, np.nan_to_num(rated), **options)
    np.testing.assert_allclose(
        aejax.encode(fitted, stored), aejax.encode(fitted, np.nan_to_num(rated)), atol=1e-6
    )
    with pytest.raises(aejax.errors.ConfigError, match="x stores no value"):
        aejax.fit(autorec(9, latent=3), csr_array((4, 9)), **options)


@pytest.mark.parametrize("based", ["item", "user"])
def test_ratings_that_were_held_out_are_predicted_better_than_by_means(based):
    whole = matrix(load_ratings("planted_ratings")).tocoo()
    held = np.random.RandomState(0).random_sample(whole.nnz) < 0.1
    row, column = whole.coords if based == "user" else whole.coords[::-1]
    shape = whole.shape if based == "user" else whole.shape[::-1]
    train = csr_array((whole.data[~held], (row[~held], column[~held])), shape=shape)
    model = autorec(shape[1], latent=50)
    fitted = aejax.fit(
        model, train, steps=1500, batch_size=50, hp={"lr": 3e-3, "w_l2": 0.1}, progress=False
    )
    found = aejax.reconstruct(fitted, train)[row[held], column[held]]
    # The mean, and how far rows and columns are above it.
    mean, given = train.data.mean(), train.toarray()
    there = given > 0
    mean_of = lambda table, axis: (table * there).sum(axis) / np.maximum(there.sum(axis), 1)
    rows = mean_of(given - mean, 1)
    columns = mean_of(given - mean - rows[:, None], 0)
    biases = mean + rows[row[held]] + columns[column[held]]
    ours, theirs = (
        np.sqrt(np.mean(np.square(each - whole.data[held]))) for each in (found, biases)
    )
    print(based, "RMSE", ours, "of biases", theirs, "of the mean", whole.data[held].std())
    assert ours < theirs - 0.02
