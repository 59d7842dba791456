"""Classifiers on codes: a perfect code, a random one, and each by its own rule."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from aejax.errors import ConfigError
from aejax.evaluate.probes import (
    Coded,
    error_rate,
    linear_probe,
    nearest_neighbours,
    support_vectors,
)

RNG = np.random.default_rng(0)
CLASSES, N, M = 4, 240, 2000
TRAIN_LABELS, TEST_LABELS = RNG.integers(0, CLASSES, N), RNG.integers(0, CLASSES, M)
PROBES = [linear_probe, nearest_neighbours, support_vectors]


@pytest.mark.parametrize("probe", PROBES)
def test_a_perfect_code_has_no_error(probe):
    one_hot = np.eye(CLASSES)
    perfect = Coded(one_hot[TRAIN_LABELS], TRAIN_LABELS, one_hot[TEST_LABELS], TEST_LABELS)
    assert probe(perfect) == (0.0, 0.0)


@pytest.mark.parametrize("probe", PROBES)
def test_a_random_code_is_at_chance(probe):
    random = Coded(RNG.normal(size=(N, 3)), TRAIN_LABELS, RNG.normal(size=(M, 3)), TEST_LABELS)
    found = probe(random)
    assert abs(found.error - (1 - 1 / CLASSES)) < 4 * found.half_width / 1.96


def test_what_is_linear_and_what_is_not():
    """Exclusive or: hopeless for a line, easy for neighbours and for a radial kernel."""
    x, y = RNG.uniform(-1, 1, (N, 2)), RNG.uniform(-1, 1, (M, 2))
    label = lambda v: (v[:, 0] * v[:, 1] > 0).astype(int)
    coded = Coded(x, label(x), y, label(y))
    assert linear_probe(coded).error > 0.3
    assert nearest_neighbours(coded).error < 0.12
    assert support_vectors(coded).error < 0.12
    assert support_vectors(coded, kernel="linear").error > 0.3


@pytest.mark.parametrize("neighbours", [1, 5])
def test_nearest_neighbours_by_brute_force(neighbours):
    x, y = RNG.normal(size=(60, 3)), RNG.normal(size=(40, 3))
    labels, truth = RNG.integers(0, 3, 60), RNG.integers(0, 3, 40)
    distance = np.square(y[:, None] - x[None]).sum(-1)
    nearest = labels[np.argsort(distance, axis=1)[:, :neighbours]]
    voted = np.asarray([np.bincount(row, minlength=3).argmax() for row in nearest])
    found = nearest_neighbours(Coded(x, labels, y, truth), neighbours)
    assert found.error == pytest.approx(np.mean(voted != truth))


def test_the_interval_is_the_binomials():
    """Vincent 2010: 1.96 sqrt(p q / n); 95 % of repetitions lie in it."""
    wrong = np.arange(400) < 40
    found = error_rate(wrong)
    assert found.error == 0.1
    assert found.half_width == pytest.approx(1.96 * 0.3 / 20)
    inside = stats.binom(400, 0.1).cdf(400 * (0.1 + found.half_width)) - stats.binom(400, 0.1).cdf(
        400 * (0.1 - found.half_width)
    )
    assert inside == pytest.approx(0.95, abs=0.015)


def test_standardising_is_by_the_training_set():
    """A unit of tiny scale that holds the label is found only by standardising."""
    odd, truth = TRAIN_LABELS % 2, TEST_LABELS % 2
    codes = [np.stack([RNG.normal(size=len(y)), 1e-4 * y], axis=1) for y in (odd, truth)]
    coded = Coded(codes[0], odd, codes[1], truth)
    assert linear_probe(coded).error < 0.01
    assert linear_probe(coded, standardise=False).error > 0.3


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"test": np.ones((M, 2))}, "codes have 3 numbers in training and 2"),
        ({"train": np.full((N, 3), np.nan)}, "NaN or infinity"),
        ({"train_labels": np.zeros(N, int)}, "one label"),
        ({"test_labels": TEST_LABELS[:-1]}, "test_labels has shape"),
    ],
)
def test_wrong_codes_are_refused(changes, match):
    good = Coded(np.ones((N, 3)), TRAIN_LABELS, np.ones((M, 3)), TEST_LABELS)
    with pytest.raises(ConfigError, match=match):
        linear_probe(good._replace(**changes))
    with pytest.raises(ConfigError, match="neighbours=241 is out of range"):
        nearest_neighbours(good, N + 1)
