"""Binary codes without an autoencoder, against closed forms and their defining properties."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import orthogonal_procrustes
from sklearn.decomposition import PCA
from sklearn.metrics.pairwise import cosine_similarity

from aejax.baselines import HASHES, thresholded
from aejax.errors import ConfigError


@pytest.fixture(scope="module")
def x():
    scale = np.arange(1, 9, dtype=np.float32)
    return np.random.RandomState(0).normal(size=(500, 8)).astype(np.float32) * scale


def test_bits_of_random_planes_agree_as_the_angle_says(x):
    code = HASHES["random_hyperplanes"].fit(x, 0, 20_000, threshold="zero")(x[:12])
    differ = (code[:, None] != code).mean(2)
    wanted = np.arccos(np.clip(cosine_similarity(x[:12]), -1, 1)) / np.pi  # Charikar 2002
    np.testing.assert_allclose(differ, wanted, atol=0.02)


def test_pca_codes_are_the_signs_of_principal_components(x):
    code = HASHES["pca"].fit(x, 0, 4, threshold="mean")(x)
    u = np.linalg.svd(x - x.mean(0), full_matrices=False)[0][:, :4]
    agree = (code == (u > 0)).mean(0)
    assert (np.maximum(agree, 1 - agree) > 0.995).all()  # up to the sign of a component


def test_a_median_puts_half_of_the_training_rows_on_each_side(x):
    code = HASHES["itq"].fit(x, 0, 8, iterations=5, threshold="median")(x)
    np.testing.assert_allclose(code.mean(0), 0.5, atol=0.002)


def lost_by_signs(code: np.ndarray, projected: np.ndarray) -> float:
    """The least of |B - V R|^2 over rotations R."""
    signs = np.where(code, 1.0, -1.0)
    return float(np.square(signs - projected @ orthogonal_procrustes(projected, signs)[0]).sum())


def test_rotating_loses_less_by_signs_the_longer_it_goes_on(x):
    projected = PCA(4).fit_transform(x / x.std(0))
    lost = [
        lost_by_signs(
            HASHES["itq"].fit(x / x.std(0), 3, 4, iterations=n, threshold="zero")(x / x.std(0)),
            projected,
        )
        for n in (0, 1, 2, 5, 50)
    ]
    assert (np.diff(lost) <= 1e-3).all()
    assert lost[-1] < 0.98 * lost[0]


def test_corners_of_a_square_that_was_turned_are_found():
    random = np.random.RandomState(0)
    corners = np.where(random.rand(400, 2) < 0.5, 1.0, -1.0)
    turned = corners @ np.linalg.qr(random.normal(size=(2, 2)))[0]
    code = HASHES["itq"].fit(turned, 0, 2, iterations=100, threshold="zero")(turned)
    differ = (code[:, None] != code).sum(2)
    np.testing.assert_array_equal(differ, (corners[:, None] != corners).sum(2))


def test_projections_fewer_than_bits_leave_bits_off(x):
    for name, setting in (("pca", {}), ("itq", {"iterations": 3})):
        code = HASHES[name].fit(x, 0, 16, threshold="median", **setting)(x[:50])
        assert code.shape == (50, 16)
        assert code.dtype == bool
        assert not code[:, 8:].any()


def test_a_seed_draws_its_own_planes(x):
    fit = HASHES["random_hyperplanes"].fit
    one, again, two = (fit(x, seed, 8, threshold="zero")(x) for seed in (0, 0, 1))
    assert (one == again).all()
    assert (one != two).any()


def test_an_unknown_threshold_is_said():
    with pytest.raises(ConfigError, match="Did you mean 'median'"):
        thresholded(lambda rows: rows, np.ones((3, 2)), 2, "medain")
