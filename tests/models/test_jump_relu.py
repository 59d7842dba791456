"""JumpReLU: thresholds learn from estimated gradients; nothing shrinks."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import aejax
from aejax import data
from aejax.errors import ConfigError
from aejax.latents.sparse.gates import above, jump
from aejax.train.recipe import Recipe, hparams_of
from tests.models.planted import HOW, scores
from tests.models.training import trained

KEY = jax.random.key(0)


def test_values_and_true_derivatives():
    a = jnp.asarray([-1.0, 0.2, 0.3, 0.31, 2.0])
    np.testing.assert_allclose(jump(a, 0.3, 0.1), [0, 0, 0, 0.31, 2.0])
    np.testing.assert_allclose(above(a, 0.3, 0.1), [0, 0, 0, 1, 1])
    np.testing.assert_allclose(
        jax.vmap(jax.grad(jump), (0, None, None))(a, 0.3, 0.1), [0, 0, 0, 1, 1]
    )
    np.testing.assert_allclose(jax.vmap(jax.grad(above), (0, None, None))(a, 0.3, 0.1), np.zeros(5))


def test_pseudo_derivatives_estimate_the_derivative_of_the_expectation():
    """Against the closed forms for a standard normal pre-activation, within 4 standard errors."""
    theta, bandwidth, n = 0.7, 0.05, 400_000
    a = jax.random.normal(KEY, (n,))
    density = np.exp(-(theta**2) / 2) / np.sqrt(2 * np.pi)
    # d/dtheta E[a H(a - theta)] = -theta p(theta);  d/dtheta E[H(a - theta)] = -p(theta).
    for fn, expected in ((jump, -theta * density), (above, -density)):
        draws = np.asarray(jax.vmap(jax.grad(fn, argnums=1), (0, None, None))(a, theta, bandwidth))
        error = draws.std() / np.sqrt(n)
        assert error < 0.05 * abs(expected)
        assert abs(draws.mean() - expected) < 4 * error


def test_l0_counts_and_moves_thresholds_alone():
    model = aejax.models.jump_relu(64, latent=32)
    x = jax.random.normal(KEY, (16, 64))
    variables = jax.jit(model.init)(KEY, x)
    hp = {n: jnp.float32(v) for n, v in hparams_of(model, Recipe(1, 1)).items()}

    def l0(params, step):
        _, aux = model.loss({**variables, "params": params}, hp, x, KEY, jnp.int32(step))
        return aux.terms["l0"].sum(), aux.terms["l0"]

    gradients = jax.jit(jax.grad(l0, has_aux=True))
    full, counted = gradients(variables["params"], 10**6)
    z = model.encode(variables, x).z
    np.testing.assert_array_equal(counted, np.count_nonzero(z, axis=1))
    moved = {k: float(sum(jnp.abs(v).sum() for v in jax.tree.leaves(g))) for k, g in full.items()}
    assert moved["encoder"] == moved["decoder"] == 0
    assert (np.asarray(full["latent"]["log_threshold"]) <= 0).all()  # raising it lowers the count
    assert moved["latent"] > 0
    # The penalty warms up linearly over l0_warmup = 200 steps; the count itself does not.
    part, same = gradients(variables["params"], 49)
    np.testing.assert_array_equal(same, counted)
    np.testing.assert_allclose(
        part["latent"]["log_threshold"], 0.25 * full["latent"]["log_threshold"], rtol=1e-5
    )


def test_recovers_the_dictionary_sparsely_and_does_not_shrink():
    model = aejax.models.jump_relu(64, latent=192)
    points = [{"w_l0": w, "lr": 1e-2} for w in (0.01, 0.1)]
    runs = trained(model, data.load("planted_features").train, points, **HOW)
    loose, tight = (scores(model, variables) for (variables,) in runs)
    print("lambda .01:", loose, "lambda .1:", tight)
    assert tight["active"] < 4 < loose["active"]  # 3 are planted on average
    assert tight["cosine"] > 0.9
    assert abs(tight["scale"] - 1) < 0.02


def test_bad_values_are_refused():
    with pytest.raises(ConfigError, match=r"threshold=0 is out of range\. Allowed: above 0"):
        aejax.models.jump_relu(64, latent=8, threshold=0)
    model = aejax.models.jump_relu(64, latent=8)
    with pytest.raises(ConfigError, match=r"bandwidth=0\.0 is out of range"):
        aejax.fit(model, np.zeros((200, 64), np.float32), steps=1, hp={"bandwidth": 0.0})
