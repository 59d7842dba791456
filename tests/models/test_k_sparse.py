"""k-sparse: k active in training, alpha * k at evaluation, and a schedule against dead units."""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import aejax
from aejax import data
from aejax.errors import ConfigError
from aejax.evaluate.reconstruction import as_float
from aejax.train.recipe import Recipe, hparams_of
from tests.models.training import trained

KEY = jax.random.key(0)


@functools.cache
def digits() -> np.ndarray:
    return data.load("digits").train.reshape(-1, 64)


def scalars(model, **given):
    return {n: jnp.float32(v) for n, v in (hparams_of(model, Recipe(1, 1)) | given).items()}


def active(z) -> np.ndarray:
    return np.count_nonzero(np.asarray(z), axis=1)


@pytest.mark.parametrize(("k", "alpha"), [(1, 1.0), (5, 3.0), (6, 1.5), (30, 3.0)])
def test_exactly_k_active_and_alpha_k_at_evaluation(k, alpha):
    model = aejax.models.k_sparse(64, latent=64, k=k)
    points = [{"alpha": alpha, "k_steps": 10.0, "lr": 1e-2}]
    ((variables,),) = trained(model, digits(), points, steps=20)
    x = jnp.asarray(as_float(digits()[:200]))
    assert (active(model.encode(variables, x, KEY).z) == k).all()
    at_test = model.encode(variables, x)
    assert (active(at_test.z) == min(round(alpha * k), 64)).all()
    np.testing.assert_array_equal(at_test.z, at_test.mean)


def test_one_program_serves_all_k():
    model = aejax.models.k_sparse(64, latent=64, k=5)
    points = [{"k": k, "k_steps": 5.0, "alpha": 2.0} for k in (2.0, 5.0, 17.0)]
    x = jnp.asarray(as_float(digits()[:50]))
    for point, (variables,) in zip(points, trained(model, digits(), points, steps=10), strict=True):
        assert (active(model.encode(variables, x, KEY).z) == point["k"]).all()
        assert (active(model.encode(variables, x).z) == 2 * point["k"]).all()


def test_ties_do_not_add_units():
    """At the start biases are zero, so that an empty image ties all units at zero."""
    model = aejax.models.k_sparse(64, latent=32, k=7)
    x = jnp.zeros((3, 64))
    latent = model.encode(model.init(KEY, x), x, KEY)
    assert (latent.aux.active.sum(1) == 7).all()


def test_is_the_papers_linear_tied_code():
    model = aejax.models.k_sparse(64, latent=32, k=4)
    x = as_float(digits()[:20])
    variables = model.init(KEY, jnp.asarray(x))
    biases = np.random.default_rng(0).normal(size=(2, 64)).astype(np.float32)
    params = variables["params"]
    params["encoder"]["dense_0"]["bias"] = jnp.asarray(biases[0, :32])
    params["decoder"]["dense_0"]["bias"] = jnp.asarray(biases[1])
    kernel = np.asarray(params["encoder"]["dense_0"]["kernel"], np.float64)
    z = x @ kernel + biases[0, :32]
    smallest = np.sort(z, axis=1)[:, -4]
    z = np.where(z >= smallest[:, None], z, 0)
    latent = model.encode(variables, jnp.asarray(x), KEY)
    np.testing.assert_allclose(latent.z, z, atol=1e-5)
    out = model.decode(variables, latent.z)
    np.testing.assert_allclose(out, z @ kernel.T + biases[1], atol=1e-5)


def test_k_falls_linearly_and_then_stays():
    model = aejax.models.k_sparse(64, latent=128, k=10)
    hp = scalars(model, k_start=100.0, k_steps=90.0, alpha=2.0)
    x = jnp.asarray(as_float(digits()[:8]))
    variables = jax.jit(model.init)(KEY, x)
    loss = jax.jit(model.loss)
    for step, k in [(0, 100), (30, 70), (45, 55), (90, 10), (2**30, 10)]:
        _, aux = loss(variables, hp, x, KEY, jnp.int32(step))
        assert float(aux.extra["k"]) == k
        assert float(aux.extra["k_eval"]) == 2 * k


def test_the_schedule_lowers_the_dead_units():
    model = aejax.models.k_sparse(64, latent=128, k=3)
    points = [{"k_start": start, "k_steps": 200.0, "lr": 1e-2} for start in (3.0, 64.0)]
    seeds = (0, 1, 2)
    runs = trained(model, digits(), points, steps=400, batch_size=64, seeds=seeds)
    x = jnp.asarray(as_float(digits()))
    dead = np.asarray(
        [[np.mean(~np.any(model.encode(v, x, KEY).z != 0, axis=0)) for v in row] for row in runs]
    )
    print("dead without and with the schedule:", dead.round(3).tolist())
    assert (dead[1] < dead[0] - 0.15).all()


def test_k_over_the_code_is_refused():
    with pytest.raises(ConfigError, match=r"k=65 is out of range\. Allowed: 1 to 64"):
        aejax.models.k_sparse(64, latent=64, k=65)
    model = aejax.models.k_sparse(64, latent=64, k=5)
    for name in ("k", "k_start"):
        with pytest.raises(ConfigError, match=rf"{name}=65.* is out of range\. Allowed: 1 to 64"):
            aejax.fit(model, digits(), steps=1, hp={name: 65.0})
    with pytest.raises(ConfigError, match=r"alpha=0\.5 is out of range"):
        aejax.fit(model, digits(), steps=1, hp={"alpha": 0.5})
