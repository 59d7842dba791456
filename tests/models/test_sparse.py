"""Sparse autoencoders: the penalties do to the code what they are for."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np

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
