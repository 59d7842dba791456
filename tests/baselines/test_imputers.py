"""Fillers of gaps: what is observed stays, and each is what it says."""

from __future__ import annotations

import numpy as np
import pytest

from aejax.baselines import IMPUTERS, settings

RNG = np.random.default_rng(0)
TRUTH = RNG.normal(size=(80, 1)) @ RNG.normal(size=(1, 4)) + 0.1 * RNG.normal(size=(80, 4))
GAPS = RNG.random(TRUTH.shape) < 0.2
GIVEN = np.where(GAPS, np.nan, TRUTH)


def error(filled):
    return np.sqrt(np.mean(np.square(filled - TRUTH)[GAPS]))


@pytest.mark.parametrize("name", IMPUTERS)
def test_what_is_observed_stays_and_gaps_are_filled(name):
    fn, grid = IMPUTERS[name]
    found = fn(GIVEN, 0, **settings(grid)[0])
    np.testing.assert_array_equal(found[~GAPS], TRUTH[~GAPS])
    assert np.isfinite(found).all()
    if name == "column_mean":
        assert found[GAPS[:, 0], 0] == pytest.approx(np.nanmean(GIVEN[:, 0]))
    else:
        assert error(found) < 0.6 * error(IMPUTERS["column_mean"].fn(GIVEN, 0))


def test_the_nearest_of_all_rows_is_a_copy_of_it():
    twice = np.concatenate([TRUTH, GIVEN])
    found = IMPUTERS["neighbours"].fn(twice, 0, k=5)[len(TRUTH) :]
    np.testing.assert_allclose(found, TRUTH, atol=1e-4)  # at no distance: its weight is all


@pytest.mark.parametrize("name", IMPUTERS)
def test_a_column_of_one_value_is_filled_with_it(name):
    fn, grid = IMPUTERS[name]
    given = np.c_[GIVEN, np.where(GAPS[:, 0], np.nan, 3.0)]
    np.testing.assert_allclose(fn(given, 0, **settings(grid)[0])[:, -1], 3, atol=1e-5)


def test_a_linear_relation_is_found():
    rows = RNG.normal(size=(300, 3))
    rows[:, 2] = 2 * rows[:, 0] - rows[:, 1]
    gapped = rows.copy()
    gapped[::5, 2] = np.nan
    found = IMPUTERS["iterated_linear"].fn(gapped, 0, penalty=1e-3)
    np.testing.assert_allclose(found, rows, atol=0.05)
