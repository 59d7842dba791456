"""Fillers of holes: visible pixels pass, what stands in the hole is not read, and known answers."""

import numpy as np
import pytest

from aejax.baselines import INPAINTERS, settings

RNG = np.random.RandomState(0)
TRAIN = RNG.uniform(size=(40, 9, 8, 3))
X = RNG.uniform(size=(4, 9, 8, 3))
HIDDEN = np.zeros((4, 9, 8), bool)
HIDDEN[:, 3:6, 2:5] = True
HIDDEN[1, 0, 0] = True
for array in (TRAIN, X, HIDDEN):
    array.setflags(write=False)  # as what comes from JAX is


@pytest.mark.parametrize("name", sorted(INPAINTERS))
def test_the_hole_is_filled_without_being_read(name):
    if name == "biharmonic":
        pytest.importorskip("skimage")
    method = INPAINTERS[name]
    for setting in settings(method.grid):
        done = method.fn(X, HIDDEN, TRAIN, **setting)
        assert np.isfinite(done).all()
        np.testing.assert_array_equal(done[~HIDDEN], X[~HIDDEN])
        other = np.where(HIDDEN[..., None], 9.0, X)
        np.testing.assert_allclose(method.fn(other, HIDDEN, TRAIN, **setting), done, atol=1e-9)


def test_a_constant_is_filled_with_itself_by_the_means():
    flat = np.full((2, 9, 8, 3), [0.2, 0.5, 0.7])
    done = INPAINTERS["mean_fill"].fn(flat, HIDDEN[:2], TRAIN)
    np.testing.assert_allclose(done, flat)


def test_a_plane_is_continued_by_the_biharmonic():
    pytest.importorskip("skimage")
    plane = np.add.outer(np.arange(9) / 20, np.arange(8) / 30)[None, ..., None]
    hidden = np.zeros((1, 9, 8), bool)
    hidden[0, 3:6, 3:5] = True
    done = INPAINTERS["biharmonic"].fn(plane, hidden, TRAIN)
    np.testing.assert_allclose(done, plane, atol=1e-6)


def test_a_training_image_finds_itself_and_the_neighbours_are_those_by_hand():
    done = INPAINTERS["nearest_neighbour"].fn(TRAIN[:4], HIDDEN, TRAIN, k=1)
    np.testing.assert_allclose(done, TRAIN[:4])
    seen = ~HIDDEN[1]
    far = [np.square((X[1] - image)[seen]).sum() for image in TRAIN]
    expected = TRAIN[np.argsort(far)[:3]].mean(0)
    found = INPAINTERS["nearest_neighbour"].fn(X, HIDDEN, TRAIN, k=3)[1]
    np.testing.assert_allclose(found[HIDDEN[1]], expected[HIDDEN[1]])
