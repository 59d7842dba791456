"""Predictors of what comes next, against films whose future is known."""

from __future__ import annotations

import numpy as np
import pytest

from aejax.baselines import PREDICTORS, settings
from aejax.baselines.predictors import (
    constant_velocity,
    linear_autoregression,
    linear_direct,
    mean_frame,
    nearest_films,
    ridge,
    shifted,
)
from aejax.errors import ConfigError


def oscillating(count: int = 60, frames: int = 12) -> tuple[np.ndarray, np.ndarray]:
    """x_t = 2 cos(w) x_{t-1} - x_{t-2}, of amplitudes and phases of their own, in two columns."""
    random = np.random.RandomState(0)
    t = np.arange(frames)[None, :, None] * np.array([0.5, 0.9])
    films = random.uniform(1, 2, (count, 1, 2)) * np.sin(t + random.uniform(0, 6, (count, 1, 2)))
    return films[:, :6], films[:, 6:]


@pytest.mark.parametrize("fit", [linear_autoregression, linear_direct])
def test_linear_methods_continue_a_linear_recurrence(fit):
    past, future = oscillating()
    said = fit(past[:40], future[:40], lags=2, penalty=1e-9)(past[40:])
    np.testing.assert_allclose(said, future[40:], atol=1e-4)


def test_ridge_is_scikit_learns():
    from sklearn.linear_model import Ridge

    random = np.random.RandomState(0)
    x, y = random.normal(size=(50, 4)) + 3, random.normal(size=(50, 2))
    centred = x - x.mean(0)
    alpha = 0.1 * np.square(centred).sum() / 4
    expected = Ridge(alpha=alpha).fit(x, y).predict(x)
    np.testing.assert_allclose(ridge(x, y, 0.1)(x), expected, atol=1e-8)
    with pytest.raises(ConfigError, match="penalty"):
        ridge(x, y, 0)


@pytest.mark.parametrize("back", [1, 2])
def test_a_picture_moves_on_and_out(back):
    sprite = np.random.RandomState(0).uniform(0.5, 1, (3, 3))
    film = np.zeros((1, 12, 8, 8))
    for t in range(12):
        whole = np.zeros((20, 30))
        whole[1 + t : 4 + t, 10:13] = sprite
        film[0, t] = whole[:8, 8:16]
    flat = film.reshape(1, 12, 64)
    predict = constant_velocity(flat[:, :4], flat[:, 4:], back, True)
    np.testing.assert_allclose(predict(flat[:, :4]), flat[:, 4:])
    np.testing.assert_array_equal(shifted(film[0, 0], -9, 0), 0)


def test_other_numbers_go_on_by_their_slope():
    films = np.arange(10.0)[None, :, None] * np.array([[[1.0]], [[-3.0]]])
    said = constant_velocity(films[:, :5], films[:, 5:], 2, False)(films[:, :5])
    np.testing.assert_allclose(said, films[:, 5:])
    with pytest.raises(ConfigError, match="back"):
        constant_velocity(films[:, :5], films[:, 5:], 5, False)


def test_the_mean_frame_is_the_best_constant_and_one_neighbour_knows_its_own_film():
    past, future = oscillating()
    mean = mean_frame(past, future)(past)
    assert np.square(mean - future).mean() == pytest.approx(future.var(0).mean())
    np.testing.assert_allclose(nearest_films(past, future, 3, 1)(past), future)
    every = nearest_films(past, future, 3, len(past))(past)
    np.testing.assert_allclose(every, mean, atol=1e-12)


def test_every_setting_says_as_many_frames_as_there_are():
    past, future = (np.concatenate([each, each], axis=2) for each in oscillating())
    past = np.concatenate([past, past], axis=1)
    for name, (fit, grid, _) in PREDICTORS.items():
        more = {"pictures": True} if name == "constant_velocity" else {}
        for setting in settings(grid):
            said = fit(past, future, **setting, **more)(past[:5])
            assert said.shape == future[:5].shape
            assert np.isfinite(said).all()
