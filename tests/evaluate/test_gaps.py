"""What is hidden on purpose, its error and its intervals, by hand and by sampling."""

from __future__ import annotations

import numpy as np
import pytest

from aejax.evaluate.gaps import blocks, covered, error_quantiles, rmse, scattered

SEEN = np.ones((500, 6), bool)


def random():
    return np.random.RandomState(0)


def test_parts_of_a_cell_are_hidden_together_and_gaps_are_none():
    owner, observed = np.array([0, 0, 1, 2, 2, 2]), SEEN.copy()
    observed[:50, :2] = False
    hidden = scattered(observed, 0.4, owner, random())
    assert (hidden[:, 0] == hidden[:, 1]).all()
    assert (hidden[:, 3] == hidden[:, 5]).all()
    assert not hidden[:50, 0].any()
    assert hidden[:, 2].mean() == pytest.approx(0.4, abs=0.07)
    assert (hidden[:, 2] != hidden[:, 3]).any()


def test_a_column_keeps_two_values():
    rare = np.zeros((500, 6), bool)
    rare[:3] = True
    hidden = scattered(rare, 1.0, np.arange(6), random())
    assert not hidden.any()
    assert ((SEEN & ~scattered(SEEN, 0.9, np.arange(6), random())).sum(0) >= 2).all()


def test_a_block_is_one_rectangle_of_each_image():
    hidden = blocks(np.ones((40, 8 * 6 * 2), bool), 0.25, (8, 6, 2), random())
    images = hidden.reshape(40, 8, 6, 2)
    assert (images[..., 0] == images[..., 1]).all()
    assert (images[..., 0].sum((1, 2)) == 4 * 3).all()
    tops = {tuple(np.argwhere(image)[0, :2]) for image in images}
    assert len(tops) > 10
    for image in images[..., 0]:
        rows, columns = image.any(1), image.any(0)
        assert (image == rows[:, None] & columns[None]).all()


def test_rmse_is_of_the_hidden_entries_in_the_columns_unit():
    truth, filled = np.zeros((2, 2)), np.array([[3.0, 8.0], [100.0, 0.0]])
    where = np.array([[True, True], [False, False]])
    assert rmse(truth, filled, where, np.array([1.0, 2.0])) == pytest.approx(np.sqrt(12.5))
    assert rmse(truth, truth, where, np.ones(2)) == 0
    assert np.isnan(rmse(truth, filled, np.zeros((2, 2), bool), np.ones(2)))


def test_intervals_of_errors_hold_their_share_of_new_errors():
    scale = np.array([1.0, 1.5, 0.6, 1.0, 2.0, 1.0])
    errors = random().standard_normal((4000, 6)) * scale
    new = np.random.RandomState(1).standard_normal((4000, 6)) * scale
    where = np.ones(errors.shape, bool)
    low, high = error_quantiles(errors, where, (0.5, 0.9))
    found = covered(new, low[:, None], high[:, None], where)
    np.testing.assert_allclose(found, [0.5, 0.9], atol=0.01)
    np.testing.assert_allclose((high - low)[1], 2 * 1.645 * scale, rtol=0.06)


def test_perfect_and_hopeless_intervals():
    truth, where = np.zeros((3, 2)), np.array([[True, False]] * 3)
    wide = np.ones((1, 3, 2))
    assert covered(truth, -wide, wide, where) == 1
    assert covered(truth, wide, 2 * wide, where) == 0
    assert np.isnan(covered(truth, -wide, wide, np.zeros((3, 2), bool)))
