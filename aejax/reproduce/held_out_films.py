"""Films, read and to be predicted: digits that move, or the user's own, and codes of frames."""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import numpy as np

from aejax import data
from aejax.data.dataset import fingerprint
from aejax.data.moving import CANVAS, moving_digits
from aejax.data.series import is_series, read_series, windows
from aejax.errors import ConfigError
from aejax.reproduce.tasks import Context

FRAMES, PAST = 20, 10
SIDE = 16  # pixels of a frame's side
SOURCES = {"moving_mnist": "mnist", "moving_digits": "digits"}  # whose digits move


class HeldOutFilms(NamedTuple):
    """Films [N, T, D]: one training set, and the others by seed; what a frame's number counts.

    `floor`: by seed [T], the least error that a coarse frame has; zeros of a user's data. `area`:
    what a squared difference is multiplied by, the pixels of a block.
    """

    train: np.ndarray
    valid: list[np.ndarray]
    test: list[np.ndarray]
    past: int
    pictures: bool
    area: int
    floor: list[np.ndarray]
    read: str  # the fingerprint of what was read


@functools.lru_cache(maxsize=1)
def moving(
    name: str, seeds: int, train: int, held: int, data_dir: str | None, manual_dir: str | None
) -> HeldOutFilms:
    """Returns films of digits; those of validation and test have digits of these splits.

    Args:
      name: a key of SOURCES.
      seeds: each has validation and test films of its own.
      train: films for training.
      held: films for validation, and for test, of a seed.
      data_dir, manual_dir: where the digits are, as for `data.load`.
    """
    digits = data.load(SOURCES[name], data_dir=data_dir, manual_dir=manual_dir, valid_fraction=0.1)
    grey = lambda rows: np.asarray(rows[..., 0], np.float32) / 255
    films = moving_digits(grey(digits.train), 0, train, FRAMES, SIDE)
    others = [
        moving_digits(grey(rows), 1000 * (1 + split) + seed, held, FRAMES, SIDE)
        for split, rows in enumerate((digits.valid, digits.test))
        for seed in range(seeds)
    ]
    valid, test = others[:seeds], others[seeds:]
    return HeldOutFilms(
        films.frames, [each.frames for each in valid], [each.frames for each in test], PAST, True,
        (CANVAS // SIDE) ** 2, [each.within.mean(0) for each in test], digits.fingerprint,
    )  # fmt: skip


def own(context: Context, name: str, seeds: int, most: int) -> HeldOutFilms:
    """Returns the user's films, or the windows of a series; the same for every seed.

    Args:
      context: reads films.
      name: a path.
      seeds: how many have them.
      most: windows of a part, and validation films.

    Raises:
      ConfigError: as `read_series` and `windows`; rows that are no films, or of one frame.
    """
    field = f"dataset={name!r}"
    if is_series(name):
        series = read_series(name)
        train, valid, test = (
            windows(series, FRAMES, part, most, field) for part in ("train", "valid", "test")
        )
        seen = series[: len(series) * 3 // 5]
        read = fingerprint([series])
    else:
        loaded = context.dataset(name)
        shape = loaded.train.shape[1:]
        if len(shape) != 2 or shape[0] < 2:
            raise ConfigError(
                f"{field} has rows of shape {shape}. Allowed: a table (.csv, .tsv, .parquet) whose "
                "rows are a series, or films [N, T, D] of two frames or more, named 'films' in an "
                ".npz."
            )
        splits: tuple[Any, ...] = (loaded.train, loaded.valid, loaded.test)
        train, valid, test = (
            np.asarray(rows, np.float32) / (255 if rows.dtype == np.uint8 else 1) for rows in splits
        )
        seen, read = train.reshape(-1, shape[1]), loaded.fingerprint
    low, wide = seen.mean(0), seen.std(0)
    if not wide.any():
        raise ConfigError(f"{field} is constant in training. Allowed: numbers that vary.")
    wide = np.where(wide > 0, wide, 1).astype(np.float32)
    train, valid, test = ((rows - low) / wide for rows in (train, valid[:most], test))
    return HeldOutFilms(
        train, [valid] * seeds, [test] * seeds, train.shape[1] // 2, False, 1,
        [np.zeros(train.shape[1])] * seeds, read,
    )  # fmt: skip


class Coder(NamedTuple):
    """The first principal components of frames, all divided by one number, and back."""

    mean: np.ndarray
    axes: np.ndarray  # [D, L]
    scale: float

    def encode(self, films: np.ndarray) -> np.ndarray:
        """Returns codes [N, T, L] of frames [N, T, D]."""
        return ((films - self.mean) @ self.axes / self.scale).astype(np.float32)

    def decode(self, codes: np.ndarray) -> np.ndarray:
        """Returns frames of codes."""
        return (codes @ self.axes.T * self.scale + self.mean).astype(np.float32)


def coder(films: np.ndarray, components: int) -> Coder:
    """Returns the coder of training films; one of all components where frames have fewer."""
    from sklearn.decomposition import PCA  # over a second: only when asked for

    frames = films.reshape(-1, films.shape[-1])
    solver = "covariance_eigh" if frames.shape[1] <= len(frames) else "full"
    kept = min(components, *frames.shape)
    found: Any = PCA(kept, svd_solver=solver).fit(frames)
    # What is constant has no component: no number to divide by.
    scale = float(np.sqrt(found.explained_variance_.mean())) or 1.0
    return Coder(found.mean_, found.components_.T.astype(np.float32), scale)
