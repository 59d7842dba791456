"""Detectors against NumPy, and what all of them promise."""

import numpy as np
import pytest

from aejax.baselines import OUTLIERS, settings
from aejax.baselines.outliers import isolation_forest, nearest_neighbour, pca_error
from aejax.errors import ConfigError

X = np.random.RandomState(0).normal(size=(60, 5)).astype(np.float32)
NEW = np.random.RandomState(1).normal(size=(7, 5)).astype(np.float32)


@pytest.mark.parametrize("name", sorted(OUTLIERS))
def test_what_is_far_from_all_rows_scores_above_them(name):
    method = OUTLIERS[name]
    setting = settings(method.grid)[0]
    score = method.fit(X, 0, **setting)
    assert score(NEW).shape == (7,)
    # An SVM's kernel is zero everywhere far away, and a forest's paths have all one length there.
    assert score(np.full((1, 5), 4.0, np.float32))[0] > np.quantile(score(X), 0.9)
    np.testing.assert_array_equal(score(NEW), method.fit(X, 0, **setting)(NEW))


def test_pca_error_is_the_rest_of_numpys_svd():
    mean = X.mean(0, dtype=np.float64)
    rest = np.linalg.svd(X - mean)[2][2:]
    np.testing.assert_allclose(
        pca_error(X, 0, 2)(NEW), np.square((NEW - mean) @ rest.T).sum(1), rtol=1e-4
    )
    # All components would reconstruct everything: one is always left out.
    assert (pca_error(X, 0, 64)(NEW) > 0).all()
    with pytest.raises(ConfigError, match="Allowed: two rows"):
        pca_error(X[:, :1], 0, 2)


def test_nearest_neighbour_is_the_mean_of_the_sorted_distances():
    every = np.sqrt(np.square(NEW[:, None] - X[None]).sum(-1))
    np.testing.assert_allclose(
        nearest_neighbour(X, 0, 3)(NEW), np.sort(every, 1)[:, :3].mean(1), rtol=1e-4
    )
    np.testing.assert_allclose(nearest_neighbour(X, 0, 999)(NEW), every.mean(1), rtol=1e-4)


def test_a_forest_is_its_seeds():
    one, two = (isolation_forest(X, seed, 10, 1.0)(NEW) for seed in (0, 1))
    assert (one != two).any()
