"""PCA's side of the linear papers, against scikit-learn, scipy and finite differences."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest
from scipy.linalg import subspace_angles
from sklearn.decomposition import PCA

from aejax.evaluate import principal as pca

RNG = np.random.default_rng(0)
X = RNG.normal(size=(200, 5)) * [3, 2, 1.5, 1, 0.5] + 4


def test_components_and_residual_are_scikit_learn_s():
    ours, theirs = pca.principal(X), PCA(svd_solver="full").fit(X)
    np.testing.assert_allclose(ours.variances, theirs.explained_variance_ * 199 / 200)
    aligned = np.abs(np.sum(ours.directions.T * theirs.components_, axis=1))
    np.testing.assert_allclose(aligned, 1)
    two = PCA(2, svd_solver="full").fit(X)
    left = np.square(X - two.inverse_transform(two.transform(X))).sum(1).mean()
    assert pca.residual(ours, 2) == pytest.approx(left)


@pytest.mark.parametrize("seed", range(3))
def test_sigmoid_units_with_the_best_linear_decoder_do_not_reach_below_pca(seed):
    """Bourlard & Kamp 1988: whatever the units compute, what they give has rank K about a mean."""
    rng = np.random.default_rng(seed)
    parts = pca.principal(X)
    for scale in (0.01, 0.3, 3.0):
        codes = 1 / (1 + np.exp(-(X - X.mean(0)) @ rng.normal(size=(5, 2)) * scale))
        design = np.column_stack([codes, np.ones(len(X))])
        found = design @ np.linalg.lstsq(design, X, rcond=None)[0]
        assert np.square(X - found).sum(1).mean() >= pca.residual(parts, 2) * (1 - 1e-9)
    # Nearly linear units along the principal directions come to it.
    codes = 1 / (1 + np.exp(-(X - X.mean(0)) @ parts.directions[:, :2] * 1e-4))
    design = np.column_stack([codes, np.ones(len(X))])
    found = design @ np.linalg.lstsq(design, X, rcond=None)[0]
    close = np.square(X - found).sum(1).mean() / pca.residual(parts, 2)
    assert close == pytest.approx(1, abs=1e-4)


def test_the_angle_is_scipy_s_and_small_ones_keep_their_digits():
    a, b = RNG.normal(size=(6, 2)), RNG.normal(size=(6, 2))
    assert pca.largest_angle(a, b) == pytest.approx(subspace_angles(a, b).max())
    assert pca.largest_angle(a, a @ RNG.normal(size=(2, 2))) < 1e-12
    tilted = np.eye(6)[:, :2] + 1e-7 * np.eye(6)[:, 2:4]
    assert pca.largest_angle(np.eye(6)[:, :2], tilted) == pytest.approx(1e-7, rel=1e-6)


def test_directions_match_one_by_one_or_not():
    directions = np.linalg.qr(RNG.normal(size=(6, 6)))[0]
    ordered = directions[:, :3] * [0.9, 0.8, 0.7]
    np.testing.assert_allclose(pca.matched_cosines(ordered, directions), 1)
    rotation = np.linalg.qr(RNG.normal(size=(3, 3)))[0]
    np.testing.assert_allclose(pca.matched_cosines(ordered @ rotation, directions), 1)
    mixed = directions[:, :3] @ np.diag([1.0, 1.0, 1.0]) + 0.9 * directions[:, [1, 2, 0]]
    assert pca.matched_cosines(mixed, directions).min() < 0.95


def test_the_deviations_solve_the_regularised_problem():
    """s^2 = 1 - lambda / sigma^2 minimises sigma^2 (1 - s^2)^2 / 2 + lambda s^2."""
    deviations, penalty = np.asarray([2.0, 1.0, 0.5]), 0.1
    s = np.sqrt(1 - penalty / deviations**2)
    grid = np.linspace(0, 1, 200_001)
    for one, found in zip(deviations, s, strict=True):
        cost = one**2 * (1 - grid**2) ** 2 / 2 + penalty * grid**2
        assert grid[cost.argmin()] == pytest.approx(found, abs=1e-5)
    np.testing.assert_allclose(pca.recovered_deviations(np.diag(s), penalty), deviations)
    assert np.isnan(pca.recovered_deviations(np.diag([1.1, 0.5]), penalty)[0])


def test_descents_count_negative_curvature_and_zero_is_none():
    quadratic = lambda p: p[0] ** 2 - 3 * p[1] ** 2 + 0.0 * p[2] - p[3] ** 2
    count, slope = pca.descents(quadratic, jnp.zeros(4))
    assert (count, slope) == (2, 0.0)
    assert pca.descents(lambda p: (p**2).sum(), jnp.ones(3))[0] == 0


def test_the_prediction_counts_pairs():
    variances = np.asarray([4.0, 3.0, 2.0, 1.0])
    assert pca.predicted_descents(variances, (0, 1)) == 0
    assert pca.predicted_descents(variances, (2, 3)) == 4
    assert pca.predicted_descents(variances, (0, 2)) == 1
