"""Points of a space: ranges, evenness, and that more of them begin with the fewer."""

from __future__ import annotations

import numpy as np
import pytest

from aejax.errors import ConfigError
from aejax.search import SAMPLERS, choice, log_uniform, points, uniform

SPACE = {"a": uniform(-1, 3), "b": log_uniform(1e-4, 1e-1), "c": choice(["x", "y"])}


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_points_fill_their_ranges(sampler):
    found = points(SPACE, 512, sampler)
    a, b = (np.array([p[name] for p in found]) for name in "ab")
    assert -1 <= a.min() < -0.9
    assert 2.9 < a.max() < 3
    assert b.min() >= 1e-4
    assert b.max() < 1e-1
    # The median of a log-uniform number is the root of the ends' product.
    assert np.median(b) == pytest.approx(np.sqrt(1e-5), rel=0.4)
    assert 0.4 < np.mean([p["c"] == "x" for p in found]) < 0.6


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_more_points_begin_with_the_fewer(sampler):
    assert points(SPACE, 40, sampler, 3)[:16] == points(SPACE, 16, sampler, 3)
    assert points(SPACE, 16, sampler, 3) != points(SPACE, 16, sampler, 4)


def test_a_power_of_two_of_sobols_points_is_even():
    """One in each of 16 equal parts of every axis, which independent draws are not."""
    parts = lambda sampler: [
        len(
            {
                int(16 * p[name])
                for p in points({"a": uniform(0, 1), "b": uniform(0, 1)}, 16, sampler)
            }
        )
        for name in "ab"
    ]
    assert parts("sobol") == [16, 16]
    assert max(parts("random")) < 16


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: uniform(1, 1), "low below high"),
        (lambda: log_uniform(0, 1), "Allowed: above 0"),
        (lambda: uniform("0", 1), "low='0' is no number"),
        (lambda: choice([]), "one or more"),
        (lambda: points({}, 4), "space is empty"),
        (lambda: points({"lr": (0, 1)}, 4), r"space: lr=\(0, 1\)"),
        (lambda: points(SPACE, 0), "n=0"),
        (lambda: points(SPACE, 4, "sobel"), "Did you mean 'sobol'"),
    ],
)
def test_bad_input_is_one_line(make, said):
    with pytest.raises(ConfigError, match=said) as error:
        make()
    assert "\n" not in str(error.value)
