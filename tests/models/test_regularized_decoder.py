"""RAE: a smoother decoder, and samples from a density that follows the codes."""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
import numpy as np

import aejax
from aejax import data
from aejax.evaluate import squared_error
from aejax.evaluate.reconstruction import as_float
from aejax.latents.ex_post import moments
from aejax.train.recipe import Recipe, hparams_of
from tests.models.training import trained

KEY = jax.random.key(0)


def test_terms_are_the_papers():
    model = aejax.models.regularized_decoder(6, latent=3, widths=(8,), activation="tanh")
    x = jax.random.normal(KEY, (5, 6))
    variables = jax.jit(model.init)(KEY, x)
    hp = {n: jnp.float32(v) for n, v in hparams_of(model, Recipe(1, 1)).items()}
    _, aux = jax.jit(model.loss)(variables, hp, x, KEY, jnp.int32(0))
    z = model.encode(variables, x).z
    jacobians = jax.vmap(jax.jacfwd(lambda z: model.decode(variables, z[None])[0]))(z)
    expected = jnp.sum(jnp.square(jacobians), axis=(1, 2))
    np.testing.assert_allclose(aux.terms["decoder_jacobian_sq"], expected, rtol=1e-5)
    half = 0.5 * np.square(z).sum(1) + 1.5 * np.log(2 * np.pi)
    np.testing.assert_allclose(aux.terms["code_nats"], half, rtol=1e-5)
    kernels = [layer["kernel"] for layer in variables["params"]["decoder"].values()]
    l2 = 0.5 * sum(float(jnp.sum(jnp.square(kernel))) for kernel in kernels)
    np.testing.assert_allclose(aux.terms["decoder_l2"], np.full(5, l2), rtol=1e-5)


@functools.cache
def fitted():
    rows = data.load("digits")
    model = aejax.models.regularized_decoder(64, latent=8, widths=(48,), activation="tanh")
    points = [
        {"w_decoder_jacobian_sq": weight, "w_code_nats": 0.01, "lr": 3e-3} for weight in (0, 0.05)
    ]
    train = rows.train.reshape(-1, 64)
    # The rate decays, so that the codes come to rest and the average over past steps is theirs.
    runs = trained(model, train, points, steps=600, batch_size=64, seeds=(0, 1), schedule="linear")
    return model, runs, jnp.asarray(as_float(train)), jnp.asarray(as_float(rows.test))


def test_the_decoder_moves_less_for_the_same_step_in_the_code():
    model, runs, _, x = fitted()
    for free, penalised in zip(*runs, strict=True):
        found = []
        for variables in (free, penalised):
            z = model.encode(variables, x).z
            e = jax.random.normal(KEY, z.shape)
            e = 0.05 * e / jnp.linalg.norm(e, axis=1, keepdims=True)
            moved = model.decode(variables, z + e) - model.decode(variables, z)
            ratio = float(jnp.mean(jnp.linalg.norm(moved, axis=1))) / 0.05
            error = float(squared_error(model, variables, x).mean())
            found.append((ratio, ratio * float(jnp.std(z)), error))
        print("ratio, ratio by code deviation, squared error:", found)
        (near, scaled, error), (near_p, scaled_p, error_p) = found
        assert near_p < 0.6 * near
        assert scaled_p < scaled  # and not only because the codes spread out
        assert error_p < 1.2 * error


def test_the_density_follows_the_codes_and_samples_come_from_it():
    model, runs, x, _ = fitted()
    for variables in runs[1]:
        z = np.asarray(model.encode(variables, x).z, np.float64)
        mean, root = (np.asarray(m, np.float64) for m in moments(variables["extra"]))
        deviation = z.std(0)
        assert (np.abs(mean - z.mean(0)) < 0.15 * deviation).all()
        scale = deviation[:, None] * deviation[None, :]
        assert (np.abs(root @ root - np.cov(z.T)) < 0.25 * scale).all()
        drawn = np.asarray(model.info.space.prior(variables, KEY, 20_000), np.float64)
        error = np.sqrt(np.diag(root @ root) / 20_000)
        assert (np.abs(drawn.mean(0) - mean) < 4 * error).all()
        np.testing.assert_allclose(np.cov(drawn.T), root @ root, atol=0.05 * scale.max())
        assert model.sample(variables, KEY, 7).shape == (7, 64)


def test_a_code_of_fewer_dimensions_has_a_finite_root():
    z = jax.random.normal(KEY, (100, 1)) * jnp.asarray([[1.0, 2.0, 0.0]])
    spread = np.cov(np.asarray(z).T, bias=True)
    mean, root = moments({"mean": z.mean(0), "covariance": jnp.asarray(spread, jnp.float32)})
    assert np.isfinite(root).all()
    np.testing.assert_allclose(root @ root, spread, atol=1e-5)
    np.testing.assert_allclose(mean, z.mean(0))
