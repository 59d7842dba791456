"""Recommenders against their definitions: EASE as a constrained least squares, cosines by hand."""

import numpy as np
import pytest
from scipy import sparse

from aejax.baselines import RECOMMENDERS, settings
from aejax.baselines.recommenders import ease, item_neighbours, popularity
from aejax.errors import ConfigError

RNG = np.random.default_rng(0)
X = (RNG.random((40, 12)) < 0.3).astype(np.float32)
X[:, 11] = 0  # an item that nobody likes
TRAIN = sparse.csr_array(X)
ROWS = sparse.csr_array((RNG.random((5, 12)) < 0.3).astype(np.float32))
EYE = sparse.csr_array(np.eye(12, dtype=np.float32))


def test_popularity_counts_users():
    np.testing.assert_array_equal(popularity(TRAIN, 0)(ROWS), np.tile(X.sum(0), (5, 1)))


@pytest.mark.parametrize("penalty", [0.5, 20.0])
def test_ease_is_the_least_squares_solution_without_the_diagonal(penalty):
    """Column by column: a ridge regression of an item on all others, solved directly."""
    weights = ease(TRAIN, 0, penalty)(EYE)
    np.testing.assert_array_equal(np.diag(weights), 0)
    x = X.astype(np.float64)
    for j in range(12):
        others = np.delete(np.arange(12), j)
        # The penalty as rows of its own, so that lstsq is the oracle and no inverse is.
        a = np.r_[x[:, others], np.sqrt(penalty) * np.eye(11)]
        expected = np.linalg.lstsq(a, np.r_[x[:, j], np.zeros(11)], rcond=None)[0]
        np.testing.assert_allclose(weights[others, j], expected, atol=1e-9)
    # Stationarity of the Lagrangian: the gradient is zero but on the diagonal.
    gradient = x.T @ (x @ weights - x) + penalty * weights
    np.testing.assert_allclose(gradient - np.diag(np.diag(gradient)), 0, atol=1e-9)
    np.testing.assert_allclose(ease(TRAIN, 0, penalty)(ROWS), ROWS.toarray() @ weights)


@pytest.mark.parametrize(("neighbours", "shrinkage"), [(3, 0.0), (4, 10.0), (99, 0.0)])
def test_neighbours_are_the_largest_cosines(neighbours, shrinkage):
    length = np.linalg.norm(X, axis=0)
    below = np.outer(length, length) + shrinkage
    cosine = np.where(below > 0, X.T @ X / np.where(below > 0, below, 1), 0)
    np.fill_diagonal(cosine, 0)
    for j in range(12):
        least = np.sort(cosine[:, j])[-min(neighbours, 12)]
        cosine[cosine[:, j] < least, j] = 0
    found = item_neighbours(TRAIN, 0, neighbours, shrinkage)
    np.testing.assert_allclose(found(EYE), cosine, atol=1e-6)
    np.testing.assert_allclose(found(ROWS), ROWS.toarray() @ cosine, atol=1e-6)


def test_blocks_of_items_are_as_one(monkeypatch):
    whole = item_neighbours(TRAIN, 0, 3, 1.0)(EYE)
    monkeypatch.setattr("aejax.baselines.recommenders.BLOCK", 5)
    np.testing.assert_array_equal(item_neighbours(TRAIN, 0, 3, 1.0)(EYE), whole)


@pytest.mark.parametrize("name", sorted(RECOMMENDERS))
def test_scores_are_finite_and_the_settings_differ(name):
    method = RECOMMENDERS[name]
    scores = [method.fit(TRAIN, 0, **setting)(ROWS) for setting in settings(method.grid)]
    assert all(each.shape == (5, 12) and np.isfinite(each).all() for each in scores)
    np.testing.assert_array_equal(scores[0], method.fit(TRAIN, 1, **settings(method.grid)[0])(ROWS))


def test_bad_settings_are_refused():
    with pytest.raises(ConfigError, match="penalty=0 is out of range"):
        ease(TRAIN, 0, 0)
    with pytest.raises(ConfigError, match="neighbours=0 is out of range"):
        item_neighbours(TRAIN, 0, 0, 1.0)
    with pytest.raises(ConfigError, match="shrinkage=-1 is out of range"):
        item_neighbours(TRAIN, 0, 3, -1)
