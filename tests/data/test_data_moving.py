"""Moving digits: walks, frames, and the arithmetic of coarse frames; a series' windows."""

from __future__ import annotations

import numpy as np
import pytest

from aejax.data.moving import CANVAS, DIGIT, enlarged, moving_digits, walks
from aejax.data.series import PARTS, is_series, read_series, windows
from aejax.errors import ConfigError


def digits(count: int = 7, side: int = 28) -> np.ndarray:
    return np.random.RandomState(0).uniform(size=(count, side, side)).astype(np.float32)


def test_walks_are_straight_between_walls_and_stay_inside():
    places = walks(np.random.RandomState(0), 200, 20)
    free = CANVAS - DIGIT
    assert places.min() >= 0
    assert places.max() == free
    inside = (places[:, :3] > 4).all((1, 2)) & (places[:, :3] < free - 4).all((1, 2))
    steps = np.diff(places[inside][:, :3], axis=1)
    assert inside.sum() > 20
    # A step is 3.6 pixels long, and places are whole pixels.
    assert np.abs(np.linalg.norm(steps, axis=2) - 3.6).max() < 1.5
    assert np.abs(np.diff(steps, axis=1)).max() <= 1


def test_films_are_the_same_by_seed_and_hold_two_digits():
    films = moving_digits(digits(), 3, 5, 4, 16)
    assert films.frames.shape == (5, 4, 256)
    np.testing.assert_array_equal(films.frames, moving_digits(digits(), 3, 5, 4, 16).frames)
    assert (films.frames != moving_digits(digits(), 4, 5, 4, 16).frames).any()
    ones = moving_digits(np.ones((1, 28, 28)), 0, 20, 4, 64).frames.sum(-1)
    assert ones.min() >= DIGIT**2
    assert ones.max() <= 2 * DIGIT**2
    assert ones.max() > 1.5 * DIGIT**2


def test_the_error_of_a_coarse_prediction_at_full_size_is_the_coarse_one_and_the_blocks():
    full = moving_digits(digits(), 1, 4, 3, 64)
    coarse = moving_digits(digits(), 1, 4, 3, 16)
    said = np.random.RandomState(1).uniform(0.1, 0.9, size=coarse.frames.shape)
    large = said.reshape(4, 3, 16, 16).repeat(4, 2).repeat(4, 3).reshape(4, 3, -1)
    expected = np.square(large - full.frames).sum(-1)
    found = 16 * np.square(said - coarse.frames).sum(-1) + coarse.within
    np.testing.assert_allclose(found, expected, rtol=1e-4)
    assert full.within == pytest.approx(0, abs=1e-3)
    # The cross-entropy is linear in the frame: 16 times the coarse one.
    nats = lambda p, x: -(x * np.log(p) + (1 - x) * np.log(1 - p)).sum(-1)
    np.testing.assert_allclose(16 * nats(said, coarse.frames), nats(large, full.frames), rtol=1e-4)


def test_small_digits_are_enlarged_whole():
    large = enlarged(digits(2, 8))
    assert large.shape == (2, 28, 28)
    np.testing.assert_array_equal(large[:, 2:-2:3, 2:-2:3], digits(2, 8))
    np.testing.assert_array_equal(enlarged(digits()), digits())


def test_windows_of_a_part_never_see_another():
    series = np.arange(100.0)[:, None]
    found = {part: windows(series, 5, part, 1000, "x") for part in PARTS}
    assert [len(each) for each in found.values()] == [56, 16, 16]
    assert found["train"].max() == 59
    assert (found["valid"].min(), found["valid"].max()) == (60, 79)
    assert found["test"].min() == 80
    assert (np.diff(found["test"][..., 0], axis=1) == 1).all()
    assert len(windows(series, 5, "train", 7, "x")) == 7
    with pytest.raises(ConfigError, match="has 100 rows"):
        windows(series, 21, "train", 7, "dataset='x'")


def test_a_series_is_a_table_of_numbers(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("y,b\n" + "\n".join(f"{i},{2 * i}" for i in range(6)))
    assert is_series(str(path))
    assert not is_series("films.npz")
    # A column of the name of labels is a column of the series.
    np.testing.assert_array_equal(read_series(path), np.arange(6.0)[:, None] * [1, 2])
    for text, said in (
        ("a\n1\nhigh\n", "column 'a'"),
        ("a\n1\n\n3,4\n", "mine.csv"),
        ("day,a\n2020-01-01,1\n2020-01-02,2\n", "'2020-01-01' in row 0"),
        ("a,b\n1,2\n3,\n", "no value in row 1"),
    ):
        path.write_text(text)
        with pytest.raises(ConfigError, match=said) as error:
            read_series(path)
        assert "\n" not in str(error.value)
    with pytest.raises(ConfigError, match="is no file"):
        read_series(tmp_path / "other.csv")
