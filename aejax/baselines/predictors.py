"""What comes next without a network: `fit(past, future, **setting) -> past -> future`.

Films are float32 [N, frames, D]; where a frame is a square picture, D = side * side. Methods that
learn see the training films alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from aejax.errors import check_at_least, check_integer

Predictor = Callable[[np.ndarray], np.ndarray]  # past [N, P, D] -> future [N, F, D]


def last_frame(past: np.ndarray, future: np.ndarray) -> Predictor:
    """The last frame, over and over."""
    frames = future.shape[1]
    return lambda given: np.repeat(given[:, -1:], frames, axis=1)


def mean_frame(past: np.ndarray, future: np.ndarray) -> Predictor:
    """The training films' mean at each horizon: the least MSE that a constant has."""
    mean = future.mean(0)
    return lambda given: np.broadcast_to(mean, (len(given), *mean.shape)).copy()


def constant_velocity(past: np.ndarray, future: np.ndarray, back: int, pictures: bool) -> Predictor:
    """The last frame goes on as it has moved over the last `back` steps.

    A square picture is moved as a whole: its shift, in whole pixels over `back` frames, is where
    the circular cross-correlation of the two frames has its maximum (Kuglin & Hines 1975 have the
    phase alone), and what leaves the frame is gone. Other numbers go on by their mean difference.

    Args:
      past, future: training films, of which only the shape is read.
      back: frames between the two that are compared, below the past's.
      pictures: frames are square pictures.

    Raises:
      ConfigError: `back` is below 1, or not below the frames of the past.
    """
    check_integer("back", back, 1, past.shape[1] - 1)
    frames, side = future.shape[1], round(past.shape[2] ** 0.5)
    steps = np.arange(1, frames + 1) / back

    def extended(given: np.ndarray) -> np.ndarray:
        change = given[:, -1] - given[:, -1 - back]
        return given[:, -1:] + steps[:, None] * change[:, None]

    def moved(given: np.ndarray) -> np.ndarray:
        now, before = (given[:, at].reshape(-1, side, side) for at in (-1, -1 - back))
        product = np.fft.rfft2(now) * np.conj(np.fft.rfft2(before))
        found = np.fft.irfft2(product, s=(side, side)).reshape(len(given), -1).argmax(1)
        shift = np.stack(np.unravel_index(found, (side, side)), axis=1)
        shift = (shift + side // 2) % side - side // 2
        out = np.zeros((len(given), frames, side, side), given.dtype)
        for i, (picture, each) in enumerate(zip(now, shift, strict=True)):
            for t, by in enumerate(np.rint(steps[:, None] * each).astype(int)):
                out[i, t] = shifted(picture, *by)
        return out.reshape(len(given), frames, -1)

    return moved if pictures else extended


def shifted(picture: np.ndarray, down: int, right: int) -> np.ndarray:
    """Returns a picture [H, W] moved by whole pixels; zeros come in."""
    out = np.zeros_like(picture)
    high, wide = picture.shape
    if abs(down) < high and abs(right) < wide:
        rows = slice(max(down, 0), high + min(down, 0))
        columns = slice(max(right, 0), wide + min(right, 0))
        out[rows, columns] = picture[
            max(-down, 0) : high + min(-down, 0), max(-right, 0) : wide + min(-right, 0)
        ]
    return out


class Ridge(NamedTuple):
    """`y = weights^T (x - x_mean) + y_mean`, the intercept not penalised."""

    weights: np.ndarray
    x_mean: np.ndarray
    y_mean: np.ndarray

    def __call__(self, x: np.ndarray) -> np.ndarray:
        return (x - self.x_mean) @ self.weights + self.y_mean


def ridge(x: np.ndarray, y: np.ndarray, penalty: float) -> Ridge:
    """Least squares with `penalty` times the mean variance of a column on the diagonal.

    Args:
      x: [N, A].
      y: [N, B].
      penalty: relative, above 0.

    Raises:
      ConfigError: a penalty of 0 or less.
    """
    check_at_least("penalty", penalty, 1e-12)
    x_mean, y_mean = x.mean(0, dtype=np.float64), y.mean(0, dtype=np.float64)
    a, b = (x - x_mean).astype(np.float64), (y - y_mean).astype(np.float64)
    square = a.T @ a
    square[np.diag_indices_from(square)] += penalty * max(np.trace(square) / len(square), 1e-12)
    return Ridge(np.linalg.solve(square, a.T @ b), x_mean, y_mean)


def _lags(codes: np.ndarray, lags: int) -> np.ndarray:
    """Returns the last frames of films side by side, [N, lags * L]."""
    return codes[:, codes.shape[1] - lags :].reshape(len(codes), -1)


def linear_autoregression(
    past: np.ndarray, future: np.ndarray, lags: int, penalty: float
) -> Predictor:
    """The next frame by ridge regression on the last `lags`, again and again on its own output.

    A vector autoregression; it learns from every frame of the training films that has so many
    before it.

    Raises:
      ConfigError: more lags than the past has frames, or a penalty of 0 or less.
    """
    check_integer("lags", lags, 1, past.shape[1])
    films = np.concatenate([past, future], axis=1)
    ends = range(lags, films.shape[1])
    x = np.concatenate([_lags(films[:, :end], lags) for end in ends])
    fitted = ridge(x, np.concatenate([films[:, end] for end in ends]), penalty)

    def predict(given: np.ndarray) -> np.ndarray:
        seen = given[:, given.shape[1] - lags :].astype(np.float64)
        for _ in range(future.shape[1]):
            new = fitted(_lags(seen, lags))[:, None]
            seen = np.concatenate([seen, new], axis=1)
        return seen[:, lags:]

    return predict


def linear_direct(past: np.ndarray, future: np.ndarray, lags: int, penalty: float) -> Predictor:
    """Each future frame by a ridge regression of its own on the last `lags` frames.

    Raises:
      ConfigError: as `linear_autoregression`.
    """
    check_integer("lags", lags, 1, past.shape[1])
    fitted = ridge(_lags(past, lags), future.reshape(len(future), -1), penalty)
    return lambda given: fitted(_lags(given, lags)).reshape(len(given), *future.shape[1:])


def nearest_films(past: np.ndarray, future: np.ndarray, lags: int, neighbours: int) -> Predictor:
    """The mean future of the training films whose last `lags` frames are nearest.

    Raises:
      ConfigError: more lags than the past has frames.
    """
    check_integer("lags", lags, 1, past.shape[1])
    known = _lags(past, lags)
    squares = np.square(known).sum(1)
    count = min(neighbours, len(known))

    def predict(given: np.ndarray) -> np.ndarray:
        far = squares[None] - 2 * (_lags(given, lags) @ known.T)
        near = np.argpartition(far, count - 1, axis=1)[:, :count]
        return np.stack([future[each].mean(0) for each in near])

    return predict


class PredictorMethod(NamedTuple):
    """How it is fitted, and the settings among which validation films choose.

    `coded`: it reads and says principal components, and not the frames themselves.
    """

    fit: Callable[..., Predictor]
    grid: Mapping[str, Sequence[Any]]
    coded: bool = False


PREDICTORS: dict[str, PredictorMethod] = {
    "last_frame": PredictorMethod(last_frame, {}),
    "mean_frame": PredictorMethod(mean_frame, {}),
    "constant_velocity": PredictorMethod(constant_velocity, {"back": (1, 2, 4)}),
    "linear_autoregression": PredictorMethod(
        linear_autoregression, {"lags": (2, 5, 10), "penalty": (1e-4, 1e-2)}, True
    ),
    "linear_direct": PredictorMethod(
        linear_direct, {"lags": (3, 10), "penalty": (1e-3, 1e-1, 10.0)}, True
    ),
    "nearest_films": PredictorMethod(
        nearest_films, {"lags": (3, 10), "neighbours": (1, 5, 30, 100)}, True
    ),
}
