"""Each kind of criterion with an example that passes and one that fails."""

from __future__ import annotations

import math

import numpy as np
import pytest

from aejax.reproduce import (
    above,
    anchor,
    at_least,
    at_most,
    below,
    increasing,
    increasing_in_mean,
    level,
    within,
)
from aejax.reproduce.criteria import summarise


def seeds(*values):
    return dict(enumerate(values))


@pytest.mark.parametrize(
    ("criterion", "good", "bad"),
    [
        (anchor(13.87, 0.05), seeds(13.83, 13.91), seeds(13.87, 13.93)),  # each, not the mean
        (level(1.0, 0.1), seeds(0.8, 1.2), seeds(1.2, 1.3)),  # the mean, not each
        (at_most(2.0), seeds(1.0, 3.0), seeds(1.0, 3.1)),
        (at_most(2.0, each=True), seeds(2.0, 1.0), seeds(1.0, 2.1)),
        (at_least(2.0), seeds(1.0, 3.0), seeds(1.0, 2.9)),
        (at_least(2.0, each=True), seeds(2.0, 3.0), seeds(1.9, 3.0)),
        (above(2.0, each=True), seeds(2.1, 3.0), seeds(2.0, 3.0)),  # a tie does not pass
        (below(2.0), seeds(1.0, 2.9), seeds(1.0, 3.0)),
        (within(1.0, 2.0), seeds(0.0, 3.0), seeds(2.0, 2.1)),
        (within(1.0, 2.0, each=True), seeds(1.0, 2.0), seeds(0.9, 2.0)),
    ],
)
def test_a_criterion_on_one_series(criterion, good, bad):
    assert criterion.passes([good])
    assert not criterion.passes([bad])
    assert not criterion.passes([seeds(1.5, math.nan)])  # a diverged member never passes
    assert criterion.kind in ("anchor", "level")


def test_increasing_asks_every_seed():
    low, high = seeds(1.0, 2.0, 3.0), seeds(1.1, 2.1, 3.1)
    assert increasing().passes([low, high])
    assert not increasing(margin=0.2).passes([low, high])
    assert not increasing().passes([high, low])
    assert not increasing().passes([low, seeds(1.1, 1.9, 9.0)])
    assert not increasing().passes([low, high, low])
    assert not increasing().passes([low, seeds(1.1, 2.1, math.nan)])


def test_an_ordering_of_too_few_seeds_is_not_shown():
    assert not increasing().passes([seeds(1.0, 2.0), seeds(2.0, 3.0)])
    assert increasing(seeds=2).passes([seeds(1.0, 2.0), seeds(2.0, 3.0)])
    assert not increasing().passes([seeds(1, 2, 3), {5: 2.0, 6: 3.0, 7: 4.0}])  # unpaired


def test_increasing_in_mean_pairs_by_seed_and_counts_standard_errors():
    # Far apart between seeds, close and steady within: only the paired difference shows it.
    low = seeds(1.0, 10.0, 100.0)
    assert increasing_in_mean().passes([low, seeds(1.2, 10.25, 100.15)])
    assert not increasing_in_mean().passes([low, seeds(1.5, 9.7, 100.3)])
    assert not increasing_in_mean(margin=0.3).passes([low, seeds(1.2, 10.25, 100.15)])


def test_the_summary_is_numpy_s():
    values = [1.0, 4.0, 2.0, 7.0]
    mean, error, n = summarise(seeds(*values))
    assert (mean, n) == (3.5, 4)
    assert error == pytest.approx(np.std(values, ddof=1) / 2)
    assert math.isnan(summarise({None: 3.0}).se)
    assert math.isnan(summarise(seeds(1.0, math.nan)).mean)
