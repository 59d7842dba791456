"""Planted features: the truth is in the data, and the same bytes everywhere."""

import numpy as np
from scipy.optimize import nnls

from aejax import data
from aejax.data.synthetic import planted_directions


def test_planted_features_by_name():
    loaded, row = data.load("planted_features"), data.DATASETS["planted_features"]
    assert row.images == (len(loaded.train), len(loaded.test)) == (16_000, 2_000)
    assert row.shape == loaded.train.shape[1:] == (64,)
    assert loaded.train.dtype == np.float32
    assert loaded.fingerprint == "e703efe73881c50f"
    assert data.load("planted_features", train_size=7).train.shape == (7, 64)
    assert data.state("planted_features") == "embedded"


def test_directions_are_of_length_one_and_in_superposition():
    directions = planted_directions().astype(np.float64)
    assert directions.shape == (96, 64)
    np.testing.assert_allclose(np.linalg.norm(directions, axis=1), 1.0, atol=1e-4)
    overlaps = np.abs(directions @ directions.T - np.eye(96)).max(1)
    assert overlaps.min() > 0.1  # none is orthogonal to all others


def test_rows_are_sparse_sums_of_the_directions():
    """Non-negative least squares knows nothing of the generator, and finds it out."""
    directions = planted_directions().astype(np.float64)
    found = [
        nnls(directions.T, row.astype(np.float64))
        for row in data.load("planted_features").test[:300]
    ]
    codes = np.asarray([code for code, _ in found])
    assert max(residual for _, residual in found) < 1e-3
    active = codes > 1e-3
    counts = active.sum(1)
    assert counts.min() == 1
    assert counts.max() == 5
    assert abs(counts.mean() - 3) < 4 * np.sqrt(2 / 300)
    assert codes[active].min() > 0.499
    assert codes[active].max() < 1.501
    assert active.any(0).mean() > 0.99
