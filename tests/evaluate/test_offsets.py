"""Data far from zero: second moments are centred before they are squared (trials B4)."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from aejax.compose import compose
from aejax.data.batches import moments_of, parts_over, variance_of
from aejax.evaluate import baselines, evaluate
from aejax.evaluate.disentanglement import separated_attribute_predictability
from aejax.evaluate.neighbourhoods import trustworthiness
from aejax.evaluate.posterior import active_units, code_variance
from aejax.evaluate.sample_quality import frechet_distance
from aejax.latents.ex_post import ex_post_gaussian, moments
from aejax.latents.gaussian import gaussian
from aejax.likelihoods.pixels import gaussian as normal
from aejax.nets.transformer import LayerNorm
from aejax.types import Forward, Latent, Nets

RNG = np.random.default_rng(0)
X = RNG.normal(size=(250, 20)) @ RNG.normal(size=(20, 20)) / 2


def residual(train: np.ndarray, test: np.ndarray, rank: int) -> tuple[float, float]:
    """The mean's and PCA's squared error, by NumPy in double precision."""
    centre = train.mean(0)
    directions = np.linalg.svd(train - centre, full_matrices=False)[2][:rank]
    left = (test - centre) - (test - centre) @ directions.T @ directions
    return np.square(test - centre).sum(1).mean(), np.square(left).sum(1).mean()


@pytest.mark.parametrize("offset", [0.0, 1e3, 1e5, -1e5])
@pytest.mark.parametrize("rows", [200, 12])  # by eigenvalues, and by singular values
def test_pca_of_data_with_an_offset(offset, rows):
    x = (X + offset).astype(np.float32)
    found = baselines(x[:rows], x[200:], 3)
    mean, pca = residual(x[:rows].astype(np.float64), x[200:].astype(np.float64), 3)
    np.testing.assert_allclose(found["mse_mean_image"], mean, rtol=1e-9)
    np.testing.assert_allclose(found["mse_pca"], pca, rtol=1e-6)


def test_pca_of_bytes_and_of_fewer_features_than_components():
    x = RNG.integers(0, 256, (60, 5), dtype=np.uint8)
    found = baselines(x[:50], x[50:], 3)
    mean, pca = residual(x[:50] / 255, x[50:] / 255, 3)
    np.testing.assert_allclose([found["mse_mean_image"], found["mse_pca"]], [mean, pca], rtol=1e-9)
    assert baselines(x[:50], x[50:], 9)["mse_pca"] < 1e-20


@pytest.mark.parametrize("batch_size", [7, 25, 50, 249, 1000])
@pytest.mark.parametrize("offset", [0.0, 1e4])
def test_variance_in_batches(batch_size, offset):
    x = (X + offset).astype(np.float32)
    parts = parts_over(lambda x, key: moments_of(x), jnp.asarray(x), jax.random.key(0), batch_size)
    np.testing.assert_allclose(variance_of(parts), x.astype(np.float64).var(0), rtol=2e-4)


def shifted(offset: float):
    """A model whose code is its input, and an offset."""
    space = gaussian(20)
    code = lambda params, x: jnp.concatenate([x + offset, jnp.zeros_like(x)], -1)
    return compose(
        name="shifted", paper="", equation="", shape=(20,), space=space, likelihood=normal(),
        nets=Nets(init=lambda key, x: {}, encode=code, decode=lambda params, z: z),
    )  # fmt: skip


@pytest.mark.parametrize("offset", [0.0, 1e3])
def test_units_in_use_far_from_the_prior(offset):
    """Half the units stand still: one pass of squares counted none or all of them at 1000."""
    x = X.astype(np.float32)
    x[:, ::2] = 0.5
    model, variables = shifted(offset), {"params": {}, "extra": {}}
    found = evaluate(model, variables, model.hparams, jax.random.key(0), jnp.asarray(x), 64)
    assert float(found["posterior_active_units"]) == 10
    assert int(active_units(model, variables, jnp.asarray(x), batch_size=64)) == 10
    exact = (x + np.float32(offset)).astype(np.float64).var(0)
    got = np.asarray(code_variance(model, variables, jnp.asarray(x), 64))
    np.testing.assert_allclose(got, exact, rtol=1e-4, atol=1e-9)


@pytest.mark.parametrize("offset", [0.0, 1e3])
def test_the_followed_density_of_codes_far_from_zero(offset):
    space = ex_post_gaussian(3, decay=0.9)
    assert space.init is not None
    assert space.update is not None
    extra = space.init(jax.random.key(0))["extra"]
    z = RNG.normal(size=(6, 50, 3)).astype(np.float32) * [1, 2, 3] + np.float32(offset)
    mean, second = np.zeros(3), np.zeros((3, 3))
    for n, batch in enumerate(z.astype(np.float64), 1):
        rate = max(0.1, 1 / n)
        mean = mean + rate * (batch.mean(0) - mean)
        second = second + rate * (batch.T @ batch / 50 - second)
        latent = Latent(z=jnp.asarray(batch, jnp.float32), mean=jnp.zeros((50, 3)))
        extra = space.update(extra, Forward(*[None] * 3, latent, *[None] * 6))  # type: ignore
    got, root = moments(extra)
    np.testing.assert_allclose(got, mean, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(root @ root, second - np.outer(mean, mean), rtol=1e-3, atol=2e-3)


def test_layer_norm_of_large_means():
    x = (RNG.normal(size=(4, 32)) + 1e4).astype(np.float32)
    layer = LayerNorm()
    y = layer.apply(layer.init(jax.random.key(0), jnp.asarray(x)), jnp.asarray(x))
    exact = x.astype(np.float64)
    exact = (exact - exact.mean(1, keepdims=True)) / np.sqrt(exact.var(1, keepdims=True) + 1e-6)
    np.testing.assert_allclose(y, exact, atol=2e-3)


def test_scores_do_not_see_an_offset():
    codes, factors = RNG.normal(size=(200, 3)), RNG.integers(0, 4, (200, 2))
    scores = separated_attribute_predictability(codes, factors)
    far = separated_attribute_predictability(codes + 1e6, factors)
    np.testing.assert_allclose(far, scores, rtol=1e-6)
    near = trustworthiness(codes, codes[:, :2])
    assert trustworthiness(codes + 1e8, codes[:, :2] - 1e8) == pytest.approx(near, abs=1e-6)
    apart = frechet_distance(codes, codes[::2] + 0.1)
    assert frechet_distance(codes + 1e6, codes[::2] + 0.1 + 1e6) == pytest.approx(apart, rel=1e-6)


def test_a_constant_unit_predicts_nothing():
    """0.1 has no exact mean: its deviations are rounding, and rounding correlates with anything."""
    factors = np.arange(200.0)[:, None]
    codes = np.c_[np.full(200, 0.1), np.full(200, 0.7), factors]
    np.testing.assert_allclose(separated_attribute_predictability(codes, factors), 1.0)
