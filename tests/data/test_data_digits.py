"""The embedded default."""

import numpy as np
from sklearn.datasets import load_digits

from aejax import data


def test_digits_are_scaled_and_split():
    loaded = data.load("digits")
    assert loaded.name == "digits"
    assert loaded.train.shape == (1437, 8, 8, 1)
    assert loaded.test.shape == (360, 8, 8, 1)
    assert loaded.train.dtype == np.uint8
    assert loaded.train_labels.dtype == np.int32
    assert (
        loaded.fingerprint == "902af4fb2d1d7730"
    )  # the numbers in the README stand on these bytes
    bunch = load_digits()
    ours = np.concatenate([loaded.train, loaded.test]).reshape(-1, 64)
    levels = np.rint(ours * (16 / 255)).astype(int)
    assert set(np.unique(ours)) == {round(level * 255 / 16) for level in range(17)}
    labels = np.concatenate([loaded.train_labels, loaded.test_labels])
    theirs = np.concatenate([bunch.data.astype(int), bunch.target[:, None]], 1)
    mine = np.concatenate([levels, labels[:, None]], 1)
    assert sorted(map(tuple, mine)) == sorted(map(tuple, theirs))


def test_every_class_is_in_both_splits():
    loaded = data.load("digits")
    assert np.bincount(loaded.test_labels, minlength=10).min() >= 20
    assert np.bincount(loaded.train_labels[:300], minlength=10).min() >= 15


def test_options_reach_digits():
    loaded = data.load("digits", test_fraction=0.5, train_size=100, test_size=7)
    assert (len(loaded.train), len(loaded.test)) == (100, 7)
    assert loaded.train_labels.shape == (100,)


def test_the_table_tells_the_truth():
    loaded, row = data.load("digits"), data.DATASETS["digits"]
    assert row.images == (len(loaded.train), len(loaded.test))
    assert row.shape == loaded.train.shape[1:]
    assert data.state("digits") == "embedded"
    assert data.prepare("digits") == ("digits", None, False)
