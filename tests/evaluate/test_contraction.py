"""Jacobian norms, spectra, contraction curves, saturation: closed forms and finite differences."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from aejax import models
from aejax.evaluate.contraction import (
    contraction_curve,
    directions_kept,
    encoder_of,
    jacobian_norms,
    saturation,
    singular_values,
)

D, L, B = 7, 5, 4
KEY = jax.random.key(0)
X = jax.random.normal(jax.random.key(1), (B, D))


def built(name="contractive", **args):
    model = models.build(name, D, {"latent": L, **args})
    return model, jax.tree.map(lambda p: 2.0 * p, model.init(KEY, X))


def differences(model, variables, x: np.ndarray) -> np.ndarray:
    """Central differences in float32 of one example: [L, D]."""
    f = lambda v: np.float64(model.encode(variables, jnp.float32(v)[None]).mean[0])
    h = 1e-2
    return np.stack([(f(x + h * e) - f(x - h * e)) / (2 * h) for e in np.eye(D)], axis=1)


@pytest.mark.parametrize(
    ("name", "args", "chain"),
    [
        ("contractive", {"widths": (), "code_activation": "sigmoid", "tied": True}, True),
        ("contractive", {"widths": (6, 8)}, True),
        ("vae", {"widths": (6,), "activation": "tanh"}, False),
    ],
)
def test_norms_and_spectra_against_finite_differences(name, args, chain):
    model, variables = built(name, **args)
    assert (encoder_of(model, variables)[1] is not None) is chain
    jacobians = [differences(model, variables, np.asarray(v)) for v in X]
    values = singular_values(model, variables, X)
    expected = np.stack([np.linalg.svd(j, compute_uv=False) for j in jacobians])
    assert values.shape == (B, min(L, D))
    np.testing.assert_allclose(values, expected, atol=2e-3)
    found = jacobian_norms(model, variables, X)
    norms = np.asarray([np.linalg.norm(j) for j in jacobians])
    np.testing.assert_allclose(found["jacobian_norm"], norms, rtol=5e-3)
    np.testing.assert_allclose(found["jacobian_sq_per_entry"], norms**2 / (L * D), rtol=1e-2)
    np.testing.assert_allclose(jnp.sum(values**2, 1), found["jacobian_norm"] ** 2, rtol=1e-4)


def test_spectrum_of_a_linear_encoder_is_its_matrix():
    """And a code whose unit is dead has one direction less."""
    model = models.linear(D, latent=L)
    variables = model.init(KEY, X)
    kernel = variables["params"]["encoder"]["dense_0"]["kernel"].at[:, 0].set(0.0)
    variables["params"]["encoder"]["dense_0"]["kernel"] = kernel
    values = singular_values(model, variables, X)
    expected = np.linalg.svd(np.float64(kernel), compute_uv=False)
    np.testing.assert_allclose(values, np.tile(expected, (B, 1)), atol=1e-5)
    np.testing.assert_array_equal(directions_kept(values, 1e-3), np.full(B, L - 1))
    assert directions_kept(jnp.asarray([[1.0, 0.2, 0.05]]), 0.1)[0] == 2


def test_contraction_of_a_rotation_is_one_at_every_radius():
    model = models.linear(D, latent=D)
    variables = model.init(KEY, X)
    rotation = np.linalg.qr(np.random.default_rng(0).normal(size=(D, D)))[0]
    variables["params"]["encoder"]["dense_0"]["kernel"] = jnp.float32(0.3 * rotation)
    radii = jnp.asarray([0.01, 1.0, 30.0])
    curve = contraction_curve(model, variables, X, radii, KEY, directions=3)
    np.testing.assert_allclose(curve, np.full((3, B), 0.3), rtol=1e-3)


def test_contraction_at_a_small_radius_is_the_jacobians_norm():
    model, variables = built(widths=(), code_activation="sigmoid")
    x = jnp.tile(X[:1], (4000, 1))  # 4000 directions at one point
    curve = contraction_curve(model, variables, x, jnp.asarray([0.02]), KEY)[0]
    norm = jacobian_norms(model, variables, X[:1])["jacobian_norm"][0]
    error = np.std(np.square(curve)) / np.sqrt(4000)
    assert abs(np.mean(np.square(curve)) - norm**2 / D) < 4 * error
    assert error < 0.05 * norm**2 / D


def test_contraction_of_a_sigmoid_unit_in_closed_form_and_far_away():
    """One input: |sigmoid(w (x +- r) + b) - sigmoid(w x + b)| / r; far off it falls like 1 / r."""
    model = models.contractive(1, latent=1, widths=(), code_activation="sigmoid")
    x = jnp.asarray([[0.2], [-1.0]])
    variables = model.init(KEY, x)
    layer = variables["params"]["encoder"]["dense_0"]
    layer["kernel"], layer["bias"] = jnp.asarray([[3.0]]), jnp.asarray([0.5])
    radii = np.asarray([0.1, 1.0, 100.0])
    found = contraction_curve(model, variables, x, jnp.float32(radii), KEY)
    s = lambda t: 1 / (1 + np.exp(-(3 * t + 0.5)))
    for i, r in enumerate(radii):
        for j, v in enumerate(np.asarray(x)[:, 0]):
            either = [abs(s(v + r) - s(v)) / r, abs(s(v - r) - s(v)) / r]
            assert min(abs(float(found[i, j]) - e) for e in either) < 1e-5
    assert (np.asarray(found[2]) < 0.011).all()


def test_images_and_members_at_once():
    model = models.contractive((2, 3, 1), latent=4)
    x = jax.random.uniform(KEY, (3, 2, 3, 1))
    members = [model.init(jax.random.key(i), x) for i in range(2)]
    stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *members)
    radii = jnp.asarray([0.5, 1.0])
    for fn in (
        lambda v: singular_values(model, v, x),
        lambda v: contraction_curve(model, v, x, radii, KEY),
        lambda v: jacobian_norms(model, v, x)["jacobian_norm"],
    ):
        both = jax.jit(jax.vmap(fn))(stacked)
        for i, member in enumerate(members):
            np.testing.assert_allclose(both[i], fn(member), rtol=1e-4, atol=1e-6)


def test_saturation_counts_both_ends():
    code = jnp.asarray([[0.0, 1.0, 0.5, 0.04], [0.5, 0.5, 0.06, 0.94]])
    np.testing.assert_allclose(saturation(code), [0.75, 0.0])
    np.testing.assert_allclose(saturation(code, 0.1, 0.9), [0.75, 0.5])
