"""Planted features: the truth is in the data, and the same bytes everywhere."""

import numpy as np
from scipy.optimize import nnls

from aejax import data
from aejax.data.synthetic import many_directions, many_frequencies, planted_directions


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


def test_planted_many_is_made_of_its_directions_at_its_frequencies():
    loaded, row = data.load("planted_many"), data.DATASETS["planted_many"]
    assert row.images == (len(loaded.train), len(loaded.test))
    assert loaded.fingerprint == "636b21875e297575"
    directions, often = many_directions().astype(np.float64), many_frequencies()
    np.testing.assert_allclose(np.linalg.norm(directions, axis=1), 1.0, atol=1e-4)
    assert abs(often.sum() - 4.0) < 1e-9
    assert (np.diff(often) < 0).all()
    # E[x] = sum_j p_j E[a] d_j and E|x|^2 follow from the frequencies alone.
    x = loaded.train.astype(np.float64)
    expected = (often[:, None] * directions).sum(0)
    assert np.abs(x.mean(0) - expected).max() < 5 * x.std(0).max() / np.sqrt(len(x))
    gram = directions @ directions.T
    second = often @ gram @ often - (often**2 * np.diag(gram)).sum() + often.sum() * (13 / 12)
    squares = np.square(x).sum(1)
    assert abs(squares.mean() - second) < 5 * squares.std() / np.sqrt(len(x))


def test_planted_fresh_is_planted_many_of_other_examples():
    many, fresh = data.load("planted_many"), data.load("planted_fresh")
    assert data.DATASETS["planted_fresh"].images == (len(fresh.train), len(fresh.test))
    assert fresh.fingerprint == "f85e5f1e61b22823"
    seen = {row.tobytes() for row in many.train}
    some = [row for row in fresh.train[:1000] if row.any()]  # no feature is active in one of 55
    assert not any(row.tobytes() in seen for row in some)
    moments = [np.square(d.train.astype(np.float64)).sum(1) for d in (many, fresh)]
    error = np.sqrt(sum(m.var() / len(m) for m in moments))
    assert abs(moments[0].mean() - moments[1].mean()) < 5 * error
