"""Patches of photographs: white, in a sigmoid's range, and cut from two separate parts."""

import numpy as np
import pytest

from aejax import data
from aejax.data import patches


@pytest.mark.parametrize(("name", "side"), [("natural_patches", 8), ("natural_patches_12", 12)])
def test_by_name(name, side):
    loaded, row = data.load(name), data.DATASETS[name]
    assert row.images == (len(loaded.train), len(loaded.test)) == (10_000, 2_000)
    assert row.shape == loaded.train.shape[1:] == (side, side, 1)
    assert loaded.train.dtype == np.float32
    for split in (loaded.train, loaded.test):
        assert split.min() >= 0.1 - 1e-4
        assert split.max() <= 0.9 + 1e-4
    assert data.load(name).fingerprint == loaded.fingerprint
    assert data.state(name) == "embedded"


def test_three_standard_deviations_fill_the_range():
    x = data.load("natural_patches").train.astype(float)
    cut_off = ((x < 0.1001) | (x > 0.8999)).mean()
    assert 0.001 < cut_off < 0.05  # edges have heavy tails: more than a Gaussian's 0.003
    kept = (x > 0.11).all((1, 2, 3)) & (x < 0.89).all((1, 2, 3))
    np.testing.assert_allclose(x[kept].mean((1, 2, 3)), 0.5, atol=1e-4)  # each without its mean


def test_squash_is_the_exercises_formula():
    x = np.random.RandomState(0).normal(size=(5, 8, 8))
    spread = 3 * x.std()
    theirs = (np.maximum(np.minimum(x, spread), -spread) / spread + 1) * 0.4 + 0.1
    np.testing.assert_allclose(patches.squash(x, spread), theirs, atol=1e-12)


def test_whitening_flattens_the_spectrum():
    """Power by frequency: falls a hundredfold in a photograph, and hardly after whitening."""

    def fall(picture):
        power = np.abs(np.fft.fft2(picture - picture.mean())) ** 2
        f = np.hypot(*np.meshgrid(*(np.fft.fftfreq(n) for n in picture.shape), indexing="ij"))
        low, high = (power[(f > a) & (f < b)].mean() for a, b in ((0.02, 0.04), (0.2, 0.25)))
        return low / high

    for picture in patches.photographs():
        assert fall(picture) > 30
        assert 0.1 < fall(patches.whiten(picture)) < 10


def test_cut_takes_windows_of_the_pictures():
    pictures = [np.arange(200.0).reshape(10, 20), -np.arange(300.0).reshape(15, 20)]
    found = patches.cut(pictures, 40, 4, np.random.RandomState(0))
    assert found.shape == (40, 4, 4)
    np.testing.assert_allclose(found.mean((1, 2)), 0, atol=1e-12)
    window = np.arange(4)[:, None] * 20 + np.arange(4)[None]
    np.testing.assert_allclose(found[::2], np.tile(window - window.mean(), (20, 1, 1)))
    np.testing.assert_allclose(found[1::2], np.tile(window.mean() - window, (20, 1, 1)))


def test_patches_as_they_are_come_from_separate_parts():
    loaded, row = data.load("photo_patches"), data.DATASETS["photo_patches"]
    assert row.images == (len(loaded.train), len(loaded.test))
    assert row.shape == loaded.train.shape[1:] == (16, 16, 1)
    assert loaded.train.dtype == np.uint8
    picture = np.rint(patches.photographs()[0]).astype(np.uint8)  # even patches are cut from it
    windows = np.lib.stride_tricks.sliding_window_view(picture, (16, 16))
    edge = round(0.75 * picture.shape[1])
    for patch, left in ((loaded.train[0, ..., 0], True), (loaded.test[0, ..., 0], False)):
        rows, columns = np.nonzero((windows == patch).all((2, 3)))
        assert len(rows)
        assert ((columns + 16 <= edge) if left else (columns >= edge)).any()
