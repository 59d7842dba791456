"""AUROC by counting pairs, average precision by its definition, thresholds by simulation."""

import numpy as np
import pytest

from aejax.errors import ConfigError
from aejax.evaluate.detection import detection, threshold

RANDOM = np.random.RandomState(0)
SCORES = RANDOM.randint(0, 12, 80).astype(float)  # with ties
ODD = RANDOM.uniform(size=80) < 0.3


def test_auroc_is_the_share_of_pairs_in_order():
    pairs = SCORES[ODD][:, None] - SCORES[~ODD][None]
    expected = (pairs > 0).mean() + (pairs == 0).mean() / 2
    assert detection(SCORES, ODD)["auroc"] == pytest.approx(expected)


def test_average_precision_is_the_area_by_steps_of_recall():
    area = last = 0.0
    for level in sorted(set(SCORES), reverse=True):
        named = level <= SCORES
        recall = (named & ODD).sum() / ODD.sum()
        area += (recall - last) * (named & ODD).sum() / named.sum()
        last = recall
    assert detection(SCORES, ODD)["average_precision"] == pytest.approx(area)


@pytest.mark.parametrize(
    ("scores", "odd", "said"),
    [
        (SCORES, ODD[:-1], "Allowed: \\[N\\] each"),
        (SCORES, np.zeros(80), "both kinds"),
        (np.where(ODD, np.nan, SCORES), ODD, "is not finite"),
    ],
)
def test_what_cannot_be_judged_is_refused(scores, odd, said):
    with pytest.raises(ConfigError, match=said):
        detection(scores, odd)


def test_a_threshold_has_the_wanted_false_alarms_in_the_mean():
    """Exactly (N + 1 - rank) / (N + 1) of new rows lie above the rank-th of N, whatever the law."""
    random, rates = np.random.RandomState(1), []
    for _ in range(400):
        held, new = random.exponential(size=19), random.exponential(size=500)
        rates.append((new > threshold(held, 0.1)).mean())
    assert np.mean(rates) == pytest.approx(0.1, abs=4 * np.std(rates) / 20)


def test_a_threshold_by_hand():
    assert threshold(np.arange(1, 100), 0.05) == 95
    assert threshold(np.arange(1, 20), 0.05) == 19
    assert threshold(np.arange(1, 19), 0.05) == np.inf  # 18 rows promise no 5 %
    for bad in (0, 1, np.nan):
        with pytest.raises(ConfigError, match="above 0 and below 1"):
            threshold(SCORES, bad)
    with pytest.raises(ConfigError, match="no normal score"):
        threshold([], 0.1)
