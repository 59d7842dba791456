"""Train, validation and test: disjoint, complete, and the same rows for everyone."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from aejax import data
from aejax.data import dataset as datasets
from aejax.errors import ConfigError

# Data sets of every kind of loader that needs no download.
NAMES = ("digits", "toy_sequences", "bouncing", "planted_features", "natural_patches")


def made(count: int = 40, tests: int = 7, dtype=np.float32) -> datasets.Dataset:
    """Each example tells its own number, and is sorted by class."""
    train = np.arange(count, dtype=dtype)[:, None]
    test = np.arange(100, 100 + tests, dtype=dtype)[:, None]
    labels = [(x[:, 0] // 10).astype(np.int32) for x in (train, test)]
    return datasets.make("x", train, test, *labels)


def numbers(rows) -> list[int]:
    return [int(row) for row in rows[:, 0]]


def test_the_splits_are_disjoint_complete_and_keep_their_labels():
    whole, split = made(), datasets.hold_valid(made(), 0.25)
    assert (len(split.train), len(split.valid), len(split.test)) == (30, 10, 7)
    assert sorted(numbers(split.train) + numbers(split.valid)) == numbers(whole.train)
    np.testing.assert_array_equal(split.test, whole.test)
    np.testing.assert_array_equal(split.test_labels, whole.test_labels)
    for rows, labels in ((split.train, split.train_labels), (split.valid, split.valid_labels)):
        np.testing.assert_array_equal(labels, rows[:, 0] // 10)
    assert split.fingerprint != whole.fingerprint


def test_rows_are_a_sample_of_a_sorted_file_and_never_change():
    split = datasets.hold_valid(made(), 0.25)
    assert set(split.valid_labels) == {0, 1, 2, 3}  # the last rows would be of one class
    assert numbers(split.train) == sorted(numbers(split.train))  # their order is the file's
    # These very rows are what members are compared by.
    assert numbers(split.valid) == [2, 3, 19, 21, 22, 26, 27, 29, 31, 39]


def test_no_seed_reaches_the_splits():
    """Another process with other seeds, and this one after draws, have the same rows."""
    np.random.seed(5)
    mine = data.load("digits", valid_fraction=0.1).fingerprint
    np.random.seed(6)
    assert data.load("digits", valid_fraction=0.1).fingerprint == mine
    code = "import aejax.data as d; print(d.load('digits', valid_fraction=0.1).fingerprint)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == mine


@pytest.mark.parametrize("name", NAMES)
def test_every_data_set_can_hold_out(name):
    whole, none = data.load(name), data.load(name, valid_fraction=0)
    assert none.fingerprint == whole.fingerprint
    assert none.valid is None
    assert none.valid_labels is None
    split = data.load(name, valid_fraction=0.1)
    assert len(split.valid) == -(-len(whole.train) // 10)
    assert len(split.train) + len(split.valid) == len(whole.train)
    np.testing.assert_array_equal(split.test, whole.test)
    key = lambda rows: sorted(row.tobytes() for row in rows)
    assert key(np.concatenate([split.train, split.valid])) == key(whole.train)
    assert split.fingerprint == data.load(name, valid_fraction=0.1).fingerprint


def test_without_validation_everything_is_as_it_always_was():
    """The fingerprints of before there was a validation split: committed rows keep their data."""
    assert data.load("digits", valid_fraction=0).fingerprint == "902af4fb2d1d7730"
    assert data.load("planted_features", valid_fraction=0).fingerprint == "e703efe73881c50f"


def test_the_validation_rows_are_the_same_for_every_size():
    whole = data.load("digits", valid_fraction=0.2)
    part = data.load("digits", valid_fraction=0.2, train_size=50, test_size=9)
    assert (len(part.train), len(part.test)) == (50, 9)
    np.testing.assert_array_equal(part.train, whole.train[:50])
    np.testing.assert_array_equal(part.valid, whole.valid)
    np.testing.assert_array_equal(part.valid_labels, whole.valid_labels)
    with pytest.raises(ConfigError, match=r"train_size=1437 .* Allowed: 1 to 1149\."):
        data.load("digits", valid_fraction=0.2, train_size=1437)


@pytest.mark.parametrize("fraction", [1, -0.1, 1.5, np.nan, "half", None, True, False])
def test_valid_fraction_is_checked(fraction, tmp_path):
    np.savez(tmp_path / "x.npz", train=np.ones((9, 4)), valid=np.ones((9, 4)))
    for name in ("digits", tmp_path / "x.npz"):
        with pytest.raises(ConfigError, match=r"valid_fraction=.* Allowed: 0") as caught:
            data.load(name, valid_fraction=fraction)
        assert "\n" not in str(caught.value)


def test_a_split_has_rows_on_both_sides():
    with pytest.raises(ConfigError, match=r"valid_fraction=0.9 of the 2 training .* or 0 for no"):
        datasets.hold_valid(made(2), 0.9)
    assert len(datasets.hold_valid(made(2), 0.1).valid) == 1


X = np.arange(20 * 6, dtype=np.float32).reshape(20, 6)
Y = np.arange(20)


@pytest.mark.parametrize("fraction", [0.0, 0.5])
@pytest.mark.parametrize("name", ["valid", "x_valid", "x_val"])
def test_an_archive_with_a_validation_array_is_taken_as_it_says(tmp_path, name, fraction):
    arrays = {"train": X[:12], name: X[12:15], "test": X[15:]}
    labels = {"y_train": Y[:12], "y_valid": Y[12:15], "y_test": Y[15:]}
    np.savez(tmp_path / "x.npz", **arrays, **labels)
    loaded = data.load(tmp_path / "x.npz", valid_fraction=fraction)
    for split, rows in (("train", X[:12]), ("valid", X[12:15]), ("test", X[15:])):
        np.testing.assert_array_equal(getattr(loaded, split), rows)
        np.testing.assert_array_equal(getattr(loaded, f"{split}_labels"), rows[:, 0] / 6)


def test_an_archive_may_have_validation_and_no_test(tmp_path):
    np.savez(tmp_path / "x.npz", train=X[:15], valid=X[15:])
    loaded = data.load(tmp_path / "x.npz", test_fraction=0.2, valid_fraction=0.1)
    assert (len(loaded.train), len(loaded.test)) == (12, 3)
    np.testing.assert_array_equal(loaded.valid, X[15:])


def test_a_validation_array_of_another_kind_is_named(tmp_path):
    np.savez(tmp_path / "x.npz", train=X, valid=X[:, :5], test=X)
    with pytest.raises(ConfigError, match=r"valid float32\[5\]. Allowed: examples of one shape"):
        data.load(tmp_path / "x.npz")
    np.savez(tmp_path / "y.npz", train=X, valid=np.full((2, 6), np.nan), test=X)
    with pytest.raises(ConfigError, match=r"array 'valid' holds nan in row 0"):
        data.load(tmp_path / "y.npz")
    np.savez(tmp_path / "z.npz", train=X, valid=X[:3], test=X, y_valid=Y)
    with pytest.raises(ConfigError, match=r"array 'y_valid' has shape \(20,\)"):
        data.load(tmp_path / "z.npz")


def test_own_files_hold_out_of_what_is_left_for_training(tmp_path):
    np.save(tmp_path / "x.npy", X)
    whole = data.load(tmp_path / "x.npy")
    split = data.load(tmp_path / "x.npy", valid_fraction=0.25)
    np.testing.assert_array_equal(split.test, whole.test)
    parts = [set(map(tuple, rows)) for rows in (split.train, split.valid, split.test)]
    assert [len(part) for part in parts] == [12, 4, 4]
    assert set.union(*parts) == set(map(tuple, X))


def test_a_folder_may_have_a_validation_folder(tmp_path):
    for name, grey in (("train", (1, 2, 3)), ("valid", (4, 5)), ("test", (6,))):
        (tmp_path / name).mkdir()
        for value in grey:
            picture = Image.fromarray(np.full((2, 2), value, np.uint8))
            picture.save(tmp_path / name / f"{value}.png")
    loaded = data.load(tmp_path, valid_fraction=0.5)
    first = lambda rows: rows[:, 0, 0, 0].tolist()
    assert [first(rows) for rows in (loaded.train, loaded.valid, loaded.test)] == [
        [1, 2, 3], [4, 5], [6],
    ]  # fmt: skip


def test_what_comes_from_the_cache_is_split_alike(register, server, tmp_path):
    """The cache holds train and test; a fraction is cut from it, and never written into it."""
    base, _ = server
    register(base)
    whole = data.load("mnist")
    split = data.load("mnist", valid_fraction=0.1)
    assert (len(split.train), len(split.valid), len(split.test)) == (27, 3, 10)
    assert data.load("mnist").fingerprint == whole.fingerprint
    assert data.load("mnist", valid_fraction=0.1).fingerprint == split.fingerprint
    np.testing.assert_array_equal(split.valid[:, 0, 0, 0], split.valid_labels)
