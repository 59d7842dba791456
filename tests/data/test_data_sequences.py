"""The toy sequences are what they say, and the same ones always."""

from __future__ import annotations

import numpy as np
import pytest

from aejax import data


@pytest.mark.parametrize("name", ["toy_sequences", "bouncing"])
def test_the_row_of_the_table_is_true_and_the_data_never_change(name):
    loaded, row = data.load(name), data.DATASETS[name]
    assert (len(loaded.train), len(loaded.test)) == row.images
    assert loaded.train.shape[1:] == row.shape
    assert loaded.fingerprint == data.load(name).fingerprint
    assert loaded.train_labels is not None
    assert len(loaded.train_labels) == len(loaded.train)


def test_sentences_are_words_then_one_end_then_padding():
    loaded = data.load("toy_sequences")
    for row, label in zip(loaded.test.astype(int), loaded.test_labels, strict=True):
        length = int(np.argmax(row == 1))
        assert 3 <= length <= 7
        assert ((row[:length] >= 2) & (row[:length] <= 11)).all()
        assert (row[length + 1 :] == 0).all()
        steps = np.diff(row[:length]) % 10
        assert set(steps.tolist()) <= {label, 10 - label}


def test_films_keep_the_digit_and_move_it_by_one_or_two_pixels():
    films = data.load("bouncing").test.reshape(-1, 10, 8, 8).astype(int)
    total = films.sum((2, 3))
    assert (total == total[:, :1]).all()  # the walls let nothing out
    at = np.arange(8)
    for axis in (2, 3):
        centre = (films.sum(5 - axis) * at).sum(2) / total
        moves = np.abs(np.diff(centre, axis=1))
        # A wall in the middle of a step of two turns it into none.
        assert np.isin(np.round(moves, 6), [0, 1, 2]).all()
        assert (moves.max(1) > 0.99).all()
