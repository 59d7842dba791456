"""Arrays in, checked arrays out; splits and fingerprints that never change."""

import jax.numpy as jnp
import numpy as np
import pytest

from aejax.data import dataset as datasets
from aejax.data.checks import as_images, as_labels
from aejax.errors import ConfigError


@pytest.mark.parametrize(
    ("given", "dtype", "shape"),
    [
        (np.full((5, 7), 9, np.uint8), np.uint8, (5, 7)),
        (np.full((5, 4, 3), 9, np.uint8), np.uint8, (5, 4, 3, 1)),
        (np.full((5, 4, 3, 2), 9, np.uint8), np.uint8, (5, 4, 3, 2)),
        (np.full((5, 7), -9, np.int64), np.float32, (5, 7)),
        (np.full((5, 7), 900, np.uint16), np.float32, (5, 7)),
        (np.full((5, 7), -2.5), np.float32, (5, 7)),
        (np.full((5, 7), 2.5, ">f4"), np.float32, (5, 7)),
        (np.full((5, 7), 2.5, np.float16), np.float32, (5, 7)),
        (jnp.full((5, 7), 2.5), np.float32, (5, 7)),
    ],
)
def test_numbers_keep_their_values(given, dtype, shape):
    images = as_images(given, "x")
    assert (images.dtype, images.shape) == (dtype, shape)
    np.testing.assert_array_equal(images.ravel(), np.asarray(given).ravel())


def test_bool_becomes_black_and_white():
    images = as_images(np.array([[True, False]]), "x")
    assert images.dtype == np.uint8
    assert images.tolist() == [[255, 0]]


def test_float32_is_not_copied():
    given = np.ones((5, 7), np.float32)
    assert np.shares_memory(as_images(given, "x"), given)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (np.zeros((0, 7)), "empty"),
        (np.zeros((3, 0)), "empty"),
        (np.zeros(0), "empty"),
        (np.zeros(7), "rank 1"),
        (np.zeros((2, 2, 2, 2, 2)), "rank 5"),
        (np.array([["a", "b"]]), "dtype"),
        (np.zeros((2, 2), complex), "dtype"),
        (np.array([[None, 1]], object), "dtype object"),
    ],
)
def test_wrong_arrays_are_named(given, says):
    with pytest.raises(ConfigError, match=says) as caught:
        as_images(given, "the field")
    assert "the field" in str(caught.value)
    assert "Allowed" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_not_finite_says_where(value):
    flat, images = np.zeros((9, 5)), np.zeros((9, 4, 3, 2), np.float32)
    flat[7, 2] = images[8, 1, 2, 0] = value
    with pytest.raises(ConfigError, match=rf"x holds {value} in row 7, column 2\."):
        as_images(flat, "x")
    with pytest.raises(ConfigError, match=rf"x holds {value} in row 8, pixel \(1, 2, 0\)\."):
        as_images(images, "x")


def test_not_finite_is_found_beyond_the_first_chunk(monkeypatch):
    monkeypatch.setattr("aejax.data.checks._CHUNK", 10)
    flat = np.zeros((9, 5))
    flat[7, 2] = np.nan
    with pytest.raises(ConfigError, match="row 7, column 2"):
        as_images(flat, "x")


def test_overflow_of_float32_is_named():
    with pytest.raises(ConfigError, match="x as float32 holds inf in row 0, column 1"):
        as_images(np.array([[1.0, 1e300]]), "x")


def test_zeros_and_ones_in_uint8_are_warned_of():
    with pytest.warns(UserWarning, match="maximum of 1"):
        as_images(np.eye(4, dtype=np.uint8), "x")


def test_labels():
    assert as_labels(np.array([[3.0], [4.0]]), 2, "y").tolist() == [3, 4]
    assert as_labels([3, 4], 2, "y").dtype == np.int32
    for wrong, says in (([1, 2, 3], "shape"), ([0.5, 1], "0.5 in row 0"), (["a", "b"], "dtype")):
        with pytest.raises(ConfigError, match=says):
            as_labels(wrong, 2, "y")


def test_hold_out_keeps_pairs_and_never_changes():
    images = np.arange(1, 11, dtype=np.float32)[:, None]
    split = datasets.hold_out("x", images, np.arange(1, 11, dtype=np.int32), 0.25)
    assert split.test_labels.tolist() == [3, 9, 5]  # this very split is what rows are compared by
    assert sorted([*split.train_labels, *split.test_labels]) == list(range(1, 11))
    np.testing.assert_array_equal(split.train[:, 0], split.train_labels)
    np.testing.assert_array_equal(split.test[:, 0], split.test_labels)


@pytest.mark.parametrize(
    ("count", "fraction", "held_out"), [(30, 0.1, 3), (100, 0.07, 7), (11, 0.1, 2), (2, 0.9, 0)]
)
def test_hold_out_rounds_up_and_leaves_both(count, fraction, held_out):
    images = np.zeros((count, 1), np.float32)
    if held_out:
        assert len(datasets.hold_out("x", images, None, fraction).test) == held_out
    else:
        with pytest.raises(ConfigError, match="at least one of each"):
            datasets.hold_out("x", images, None, fraction)


@pytest.mark.parametrize("fraction", [0, 1, -0.1, 1.5, np.nan, "half", None])
def test_test_fraction_is_checked(fraction):
    with pytest.raises(ConfigError, match="test_fraction="):
        datasets.check_test_fraction(fraction)


def test_fingerprint_sees_dtype_shape_and_bytes():
    base = np.arange(6, dtype=np.uint8)
    variants = [
        [base],
        [base.reshape(2, 3)],
        [base.view(np.int8)],
        [base[::-1]],
        [base, None],
        [None, base],
        [base[:3], base[3:]],
    ]
    prints = [datasets.fingerprint(arrays) for arrays in variants]
    assert len(set(prints)) == len(variants)
    assert prints[0] == datasets.fingerprint([base.copy()]) == "3b32beb96b25d3e6"


def test_take_is_a_prefix_with_a_fingerprint_of_its_own():
    whole = datasets.make("x", np.ones((9, 2), np.float32), np.ones((4, 2), np.float32))
    part = datasets.take(whole, 5, None)
    assert (len(part.train), len(part.test)) == (5, 4)
    assert part.fingerprint != whole.fingerprint
    assert datasets.take(whole, 9, 4) is whole


@pytest.mark.parametrize("size", [0, -1, 10, 2.0, True, "3"])
def test_take_checks_its_sizes(size):
    whole = datasets.make("x", np.ones((9, 2), np.float32), np.ones((4, 2), np.float32))
    with pytest.raises(ConfigError, match=r"train_size=.* Allowed: 1 to 9\."):
        datasets.take(whole, size, None)


def test_arrays_are_read_only_and_the_users_own_is_not():
    mine = np.ones((9, 2), np.float32)
    made = datasets.make("x", mine, mine)
    with pytest.raises(ValueError, match="read-only"):
        made.train[0] = 0
    mine[0] = 0


def test_splits_must_agree():
    with pytest.raises(ConfigError, match="one shape and type"):
        datasets.make("x", np.ones((9, 2), np.float32), np.ones((4, 3), np.float32))
    with pytest.raises(ConfigError, match="one shape and type"):
        datasets.make("x", np.ones((9, 2), np.float32), np.ones((4, 2), np.uint8))
