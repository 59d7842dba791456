"""Linear autoencoders find PCA: the subspace, and with L2 directions and singular values too."""

from __future__ import annotations

import functools

import jax.numpy as jnp
import numpy as np
import pytest
from scipy.linalg import subspace_angles
from sklearn.decomposition import PCA

import aejax
from aejax import data
from aejax.evaluate import reconstruct
from aejax.evaluate.reconstruction import as_float

SIZE, FEATURES, LATENT = 300, 20, 4
DEVIATIONS = np.concatenate([[3.0, 2.2, 1.6, 1.2], np.full(FEATURES - LATENT, 0.6)])
LAMBDA = 0.1


@functools.cache
def table() -> np.ndarray:
    rng = np.random.default_rng(0)
    rotation = np.linalg.qr(rng.normal(size=(FEATURES, FEATURES)))[0]
    x = rng.normal(size=(SIZE, FEATURES)) * DEVIATIONS @ rotation.T + rng.normal(size=FEATURES)
    return x.astype(np.float32)


@functools.cache
def pca() -> PCA:
    return PCA(LATENT, svd_solver="full").fit(table().astype(np.float64))


@functools.cache
def trained(name: str, optimizer: str = "cg", steps: int = 300):
    model = aejax.models.build(name, FEATURES, {"latent": LATENT})
    hp = {"w_l2": LAMBDA} if name == "linear_l2" else {}
    fit = aejax.fit(
        model, table(), steps=steps, batch_size=SIZE, optimizer=optimizer, hp=hp, seed=1
    )
    assert fit.diverged is None
    nets, params = model.info.nets, fit.variables["params"]
    assert nets.encoder_layers is not None
    assert nets.decoder_layers is not None
    (encoder,), (decoder,) = nets.encoder_layers(params), nets.decoder_layers(params)
    # As the papers write them: W1 is [k, D] and W2 is [D, k].
    return np.asarray(encoder.kernel, np.float64).T, np.asarray(decoder.kernel, np.float64).T


def cosines(directions: np.ndarray) -> np.ndarray:
    """|cos| of each principal direction with its best match among the columns."""
    unit = directions / np.linalg.norm(directions, axis=0)
    return np.abs(pca().components_ @ unit).max(1)


@pytest.mark.parametrize("name", ["linear", "linear_tied", "linear_l2"])
def test_spans_the_principal_subspace(name):
    w1, w2 = trained(name)
    principal = pca().components_.T
    assert subspace_angles(w2, principal).max() < 1e-3
    assert subspace_angles(w1.T, principal).max() < 1e-3


def test_lbfgs_finds_the_same_subspace():
    _, w2 = trained("linear", "lbfgs", 250)
    assert subspace_angles(w2, pca().components_.T).max() < 1e-3


def test_without_a_penalty_the_map_is_the_projection_and_single_directions_stay_mixed():
    w1, w2 = trained("linear")
    np.testing.assert_allclose(w2 @ w1, pca().components_.T @ pca().components_, atol=1e-3)
    assert cosines(np.linalg.svd(w2)[0][:, :LATENT]).min() < 0.95
    assert cosines(w2).max() < 0.99


def test_tied_weights_are_orthonormal_and_single_directions_stay_mixed():
    w1, w2 = trained("linear_tied")
    np.testing.assert_array_equal(w1, w2.T)
    np.testing.assert_allclose(w1 @ w1.T, np.eye(LATENT), atol=1e-3)
    assert cosines(w2).max() < 0.99


def test_l2_recovers_directions_and_singular_values():
    """Kunin et al. 2019, theorems 1 and 2."""
    w1, w2 = trained("linear_l2")
    np.testing.assert_allclose(w1, w2.T, atol=1e-3)
    left, found, _ = np.linalg.svd(w2, full_matrices=False)
    aligned = np.abs(np.sum(left * pca().components_.T, axis=0))  # in order, one by one
    assert aligned.min() > 0.999
    # The data's singular values over sqrt(N); sklearn's explained variance divides by N - 1.
    sigma = pca().singular_values_ / np.sqrt(SIZE)
    np.testing.assert_allclose(np.sqrt(LAMBDA / (1 - found**2)), sigma, rtol=5e-3)


def test_l2_above_a_direction_s_variance_removes_it():
    """With lambda between the third and the fourth variance the code has three live dimensions."""
    model = aejax.models.linear_l2(FEATURES, LATENT)
    penalty = 0.5 * (1.2**2 + 1.6**2)
    fit = aejax.fit(
        model, table(), steps=300, batch_size=SIZE, optimizer="cg", hp={"w_l2": penalty}
    )
    kernel = fit.variables["params"]["decoder"]["dense_0"]["kernel"]
    singular = np.linalg.svd(kernel, compute_uv=False)
    assert (singular > 0.1).sum() == 3
    assert singular[3] < 1e-2


def test_reaches_pca_s_residual_on_digits_within_a_thousandth():
    digits = data.load("digits").train
    x = as_float(digits)
    model = aejax.models.linear(64, 8)
    fit = aejax.fit(model, x, steps=300, batch_size=len(x), optimizer="cg")
    ours = reconstruct(model, fit.variables, jnp.asarray(x))
    oracle = PCA(8, svd_solver="full").fit(x.astype(np.float64))
    theirs = oracle.inverse_transform(oracle.transform(x.astype(np.float64)))
    residual = np.square(x - theirs).sum(1).mean()
    excess = np.square(x - np.asarray(ours)).sum(1).mean() / residual - 1
    assert -1e-5 < excess < 1e-3


def test_bernoulli_pixels_give_a_logistic_pca():
    """The decoder emits logits: it beats the mean image's cross-entropy with a single dimension."""
    x = as_float(data.load("digits").train)[:200]
    model = aejax.models.linear(64, 1, likelihood="bernoulli")
    fit = aejax.fit(model, x, steps=60, batch_size=200, optimizer="cg")
    mean = np.clip(x.mean(0), 1e-6, 1 - 1e-6)
    entropy = -(x * np.log(mean) + (1 - x) * np.log(1 - mean)).sum(1).mean()
    assert fit.history["rec_nats"][-1] < entropy - 0.5
