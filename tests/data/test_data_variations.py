"""Variations of MNIST: the same digits, turned, or on noise; made once, from whatever MNIST is."""

import numpy as np
import pytest
from scipy import ndimage

from aejax import data
from aejax.data import variations
from aejax.data.dataset import make

NAMES = ("mnist_basic", "mnist_rot", "mnist_bg_rand")


@pytest.fixture
def digits():
    """A stand-in of the size of a fiftieth of MNIST: blobs with a black border."""
    random = np.random.RandomState(3)
    images = np.zeros((1400, 28, 28, 1), np.uint8)
    images[:, 6:22, 6:22] = random.randint(1, 256, (1400, 16, 16, 1))
    labels = np.arange(1400, dtype=np.int32) % 10
    images[:, 14, 14, 0] = labels + 100  # the middle tells the label
    return make("mnist", images[:1200], images[1200:], labels[:1200], labels[1200:])


def test_rotation_is_scipys():
    random = np.random.RandomState(0)
    images = ndimage.gaussian_filter(random.uniform(0, 255, (6, 28, 28)), (0, 2, 2))
    images = (255 * images / images.max()).astype(np.uint8)
    angles = random.uniform(0, 2 * np.pi, 6)
    ours = variations.rotate(images, angles).astype(float)
    inside = np.hypot(*(np.mgrid[:28, :28] - 13.5)) < 12  # what a turn moves out of no picture
    for image, angle, turned in zip(images, angles, ours, strict=True):
        theirs = ndimage.rotate(image.astype(float), np.degrees(angle), reshape=False, order=1)
        assert np.abs(turned - theirs)[inside].max() <= 0.51


def test_quarter_turns_are_exact():
    images = np.random.RandomState(1).randint(0, 256, (4, 28, 28)).astype(np.uint8)
    turned = variations.rotate(images, np.arange(4) * np.pi / 2)
    for i in range(4):
        np.testing.assert_array_equal(turned[i], np.rot90(images[i], i))


def test_sizes_and_labels(digits):
    changed = variations.vary(digits, "mnist_basic", variations.unchanged)
    assert (len(changed.train), len(changed.test)) == (240, 1000)
    np.testing.assert_array_equal(changed.train[:, 14, 14, 0], changed.train_labels + 100)
    np.testing.assert_array_equal(changed.test[:, 14, 14, 0], changed.test_labels + 100)
    whole = np.concatenate([changed.train, changed.test]).reshape(1240, -1)
    assert len(np.unique(whole, axis=0)) == 1240  # no digit is in both splits


def test_all_kinds_are_of_the_same_digits(digits):
    labels = [
        variations.vary(digits, "x", change).train_labels
        for change in (variations.unchanged, variations.rotated, variations.noisy_background)
    ]
    np.testing.assert_array_equal(labels[0], labels[1])
    np.testing.assert_array_equal(labels[0], labels[2])


def test_noise_is_uniform_where_there_was_no_ink_and_nowhere_else(digits):
    plain = variations.vary(digits, "x", variations.unchanged).test
    noisy = variations.vary(digits, "x", variations.noisy_background).test
    np.testing.assert_array_equal(noisy[plain > 0], plain[plain > 0])
    noise = noisy[plain == 0]
    counts = np.bincount(noise, minlength=256)
    expected = len(noise) / 256
    chi_squared = np.square(counts - expected).sum() / expected
    assert abs(chi_squared - 255) < 5 * np.sqrt(2 * 255)


def test_angles_are_uniform(digits):
    """The direction of a bar's ink after the turn is anywhere on the half circle."""
    bars = np.zeros((3000, 28, 28), np.uint8)
    bars[:, 13:15, 4:24] = 255
    turned = variations.rotated(bars, np.random.RandomState(0)).astype(float)
    y, x = np.mgrid[:28, :28] - 13.5
    mxx, myy, mxy = (np.tensordot(turned, m, 2) for m in (x * x, y * y, x * y))
    double = np.arctan2(2 * mxy, mxx - myy)
    assert np.abs(np.exp(1j * double).mean()) < 0.05
    assert np.abs(np.exp(2j * double).mean()) < 0.05


@pytest.mark.parametrize("name", NAMES)
def test_by_name_from_mnists_files_to_the_cache(name, server, register, tmp_path):
    register(server[0])
    assert data.state(name) == "not prepared"
    done = data.prepare(name)
    assert done.fresh
    assert done.folder == tmp_path / "data" / "mnist" / "3.0.1"
    assert data.state(name) == data.state("mnist") == "prepared"
    loaded = data.load(name)
    assert (len(loaded.train), len(loaded.test)) == (6, 28)
    assert loaded.train.shape[1:] == data.DATASETS[name].shape
    assert data.load(name).fingerprint == loaded.fingerprint
    assert data.prepare(name).fresh is False
    assert (tmp_path / "data" / "aejax_cache" / f"{name}-1-3.0.1" / "meta.json").is_file()
