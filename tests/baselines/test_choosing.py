"""One rule for everyone: the grid in its order, and the best on validation rows."""

import math

import pytest

from aejax.baselines import best, named, settings
from aejax.errors import ConfigError


def test_a_grid_is_all_combinations_in_order():
    grid = settings({"a": (1, 2), "b": ("x", "y")})
    assert [named(each) for each in grid] == ["a=1, b=x", "a=1, b=y", "a=2, b=x", "a=2, b=y"]
    assert settings({}) == [{}]
    assert named({}) == "as it is"


def test_the_highest_mean_wins_and_of_equals_the_first():
    assert best({"a": [1.0, 3.0], "b": [2.0, 2.5], "c": [2.5, 2.0]}) == "b"
    assert best({"a": [math.nan, 9.0], "b": [0.1, 0.1]}) == "b"
    for bad in ({}, {"a": []}, {"a": [math.nan]}):
        with pytest.raises(ConfigError):
            best(bad)
