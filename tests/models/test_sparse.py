"""Sparse autoencoders: the penalties do to the code what they are for."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

import aejax

X = aejax.data.load("digits").train.reshape(-1, 64) / np.float32(255)


def code(model, hp):
    fit = aejax.fit(model, X, steps=1500, hp={"lr": 3e-3, **hp})
    return np.asarray(model.encode(fit.variables, jnp.asarray(X)).mean)


def test_a_heavier_penalty_leaves_fewer_active():
    model = aejax.models.sparse_l1(64, latent=48, widths=())
    active = [(np.abs(code(model, {"w_l1": w})) > 1e-3).mean() for w in (0.0, 0.1, 1.0)]
    assert active[0] > active[1] > active[2]
    assert active[2] < 0.5 * active[0]


def test_mean_activation_comes_to_rho():
    model = aejax.models.sparse_kl(64, latent=32)
    for rho in (0.05, 0.2):
        means = code(model, {"rho": rho, "w_kl_rho_nats": 20.0}).mean(0)
        np.testing.assert_allclose(means, rho, atol=0.3 * rho)
    free = code(model, {"w_kl_rho_nats": 0.0}).mean(0)
    assert np.abs(free - 0.2).mean() > 0.1  # the control goes where it likes


def test_the_gradient_is_that_of_central_differences():
    """The exercise's check (CS294A notes 2011, section 3): the whole loss, in double precision."""
    model = aejax.models.sparse_kl(64, latent=10, out_activation="sigmoid", decay=True)
    with jax.enable_x64(True):
        double = lambda tree: jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float64), tree)
        x = double(X[:50])
        start = double(model.init(jax.random.key(0), x))
        flat, unravel = ravel_pytree(start["params"])
        hp = double({"rho": 0.01, "w_l2": 1e-4, "w_kl_rho_nats": 3.0, "w_rec_nats": 1.0})

        @jax.jit
        def loss(vector):
            variables = {"params": unravel(vector), "extra": start["extra"]}
            return model.loss(variables, hp, x, jax.random.key(0), jnp.int32(0))[0]

        chosen = np.random.default_rng(0).permutation(flat.size)[:40]
        steps = 1e-4 * jnp.eye(flat.size, dtype=jnp.float64)[chosen]
        ours = np.asarray(jax.grad(loss)(flat))[chosen]
        theirs = np.array([(loss(flat + e) - loss(flat - e)) / 2e-4 for e in steps])
    assert np.linalg.norm(ours - theirs) < 1e-8 * np.linalg.norm(ours + theirs)
