"""Contraction near the data, of one layer and of several, and the Hessian under CAE+H."""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import aejax
from aejax import data
from aejax.errors import ConfigError
from aejax.evaluate import squared_error
from aejax.evaluate.reconstruction import as_float
from aejax.losses.jacobian.layers import layerwise_jacobian_term
from aejax.train.recipe import Recipe, hparams_of
from tests.models.training import trained

KEY = jax.random.key(0)
HOW = {"steps": 500, "batch_size": 64}


def digits():
    loaded = data.load("digits")
    return loaded.train.reshape(-1, 64), jnp.asarray(as_float(loaded.test[:200]))


def contraction(encode, x, radius=0.1) -> tuple[float, float]:
    """E ||f(x + e) - f(x)|| / ||e||, and the same over the expansion between different examples."""
    e = jax.random.normal(KEY, x.shape)
    e = radius * e / jnp.linalg.norm(e, axis=1, keepdims=True)
    near = jnp.mean(jnp.linalg.norm(encode(x + e) - encode(x), axis=1)) / radius
    other = jnp.roll(x, 1, axis=0)
    apart = jnp.linalg.norm(x - other, axis=1)
    across = jnp.mean(jnp.linalg.norm(encode(x) - encode(other), axis=1) / apart)
    return float(near), float(near / across)


@pytest.mark.parametrize(
    ("name", "args", "most"),
    [
        ("contractive", {"latent": 16, "widths": (), "code_activation": "sigmoid"}, 0.7),
        ("contractive_deep", {"latent": 16, "widths": (48, 32)}, 0.6),
        ("contractive_deep", {"latent": 16, "widths": (48,), "activation": "softplus"}, 0.6),
    ],
)
def test_the_contraction_ratio_falls_near_the_data(name, args, most):
    """Against the same model without the penalty, and more than all distances shrink."""
    model = aejax.models.build(name, 64, args)
    train, x = digits()
    points = [{"w_jacobian_sq": weight, "lr": 3e-3} for weight in (0.0, 0.1)]
    runs = trained(model, train, points, seeds=(0, 1), **HOW)
    for free, penalised in zip(*runs, strict=True):
        (near, relative), (near_p, relative_p) = (
            contraction(lambda x, v=v: model.encode(v, x).mean, x) for v in (free, penalised)
        )
        errors = [float(squared_error(model, v, x).mean()) for v in (free, penalised)]
        print(
            f"{name}: ratio {near:.3f} -> {near_p:.3f}, relative {relative:.3f} -> "
            f"{relative_p:.3f}, squared error {errors[0]:.2f} -> {errors[1]:.2f}"
        )
        assert near_p < most * near
        assert relative_p < 0.95 * relative
        assert errors[1] < 1.3 * errors[0] + 0.2  # and not by forgetting the image


def test_cae_h_lowers_the_norm_of_the_hessian():
    """jax.hessian of a small encoder, exactly, against CAE with the same first-order penalty."""
    model = aejax.models.contractive_higher(64, latent=12)
    train, x = digits()
    points = [{"w_jacobian_change_sq": gamma, "lr": 3e-3} for gamma in (0.0, 10.0)]

    @jax.jit
    def hessian_sq(variables):
        hessian = jax.vmap(jax.hessian(lambda v: model.encode(variables, v[None]).mean[0]))(x[:40])
        return jnp.mean(jnp.sum(jnp.square(hessian), axis=(1, 2, 3)))

    runs = trained(model, train, points, seeds=(0, 1), **HOW)
    for cae, cae_h in zip(*runs, strict=True):
        norms = [float(hessian_sq(v)) for v in (cae, cae_h)]
        errors = [float(squared_error(model, v, x).mean()) for v in (cae, cae_h)]
        print(f"||H||^2 {norms[0]:.3f} -> {norms[1]:.3f}, squared error {errors}")
        assert norms[1] < 0.75 * norms[0]
        assert errors[1] < 1.2 * errors[0]


@functools.cache
def started():
    model = aejax.models.contractive_deep((6, 2), latent=5, widths=(9, 7), code_activation="tanh")
    x = jax.random.normal(KEY, (4, 6, 2))
    variables = jax.jit(model.init)(KEY, x)
    hp = {n: jnp.float32(v) for n, v in hparams_of(model, Recipe(1, 1)).items()}
    _, aux = jax.jit(model.loss)(variables, hp, x, KEY, jnp.int32(0))
    return model, variables, x, aux.terms


def test_the_deep_penalty_is_the_exact_jacobian_of_all_layers():
    model, variables, x, terms = started()
    encode = jax.vmap(jax.jacfwd(lambda v: model.encode(variables, v[None]).mean[0]))
    expected = jnp.sum(jnp.square(encode(x)), axis=(1, 2, 3))
    np.testing.assert_allclose(terms["jacobian_sq"], expected, rtol=1e-5)


def test_the_layerwise_penalty_sums_the_layers_jacobians_and_bounds_their_product():
    model, variables, x, terms = started()
    h, norms = np.asarray(x, np.float64).reshape(4, -1), []
    slopes = {"sigmoid": lambda h: h * (1 - h), "tanh": lambda h: 1 - h**2}
    values = {"sigmoid": lambda s: 1 / (1 + np.exp(-s)), "tanh": np.tanh}
    for layer in model.info.nets.encoder_layers(variables["params"]):
        kernel = np.asarray(layer.kernel, np.float64)
        h = values[layer.activation](h @ kernel + np.asarray(layer.bias))
        jacobians = slopes[layer.activation](h)[:, :, None] * kernel.T
        norms.append(np.square(jacobians).sum((1, 2)))
    np.testing.assert_allclose(terms["layer_jacobian_sq"], sum(norms), rtol=1e-5)
    assert (np.prod(norms, axis=0) >= terms["jacobian_sq"]).all()


def test_compositions_that_make_no_sense_are_refused():
    model = started()[0]
    with pytest.raises(ConfigError, match="encoder_layers=None"):
        layerwise_jacobian_term(model.info.nets._replace(encoder_layers=None))
    with pytest.raises(ConfigError, match="method='closed_form' needs exactly one"):
        aejax.models.contractive_deep(64, method="closed_form")
    with pytest.raises(ConfigError, match="samples=0"):
        aejax.models.contractive_higher(64, samples=0)
    with pytest.raises(ConfigError, match=r"sigma=-1.*out of range"):
        aejax.fit(aejax.models.contractive_higher(64), digits()[0], steps=1, hp={"sigma": -1.0})
