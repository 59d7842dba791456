"""Rows of any data set on one scale, for methods that compare distances."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np


def scaler(train: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Returns what brings rows [N, *shape] on the scale of the training rows: float32 [N, D].

    Bytes are divided by 255; other columns are standardised by the training rows, and one that
    does not vary there is centred alone. NaN is a gap: it becomes 0, the mean of what the training
    rows have in that column, or all that is known where they have nothing.
    """
    flat = lambda rows: np.asarray(rows, np.float32).reshape(len(rows), -1)
    if train.dtype == np.uint8:
        return lambda rows: flat(rows) / np.float32(255)
    known = flat(train)
    if np.isnan(known).any():
        empty = np.isnan(known).all(0)
        known = np.where(empty, np.float32(0), known)
        low, wide = np.nanmean(known, axis=0), np.nanstd(known, axis=0)
    else:
        low, wide = known.mean(0), known.std(0)
    wide = np.where(wide > 0, wide, 1).astype(np.float32)

    def scaled(rows: np.ndarray) -> np.ndarray:
        found = (flat(rows) - low) / wide
        return np.where(np.isnan(found), np.float32(0), found)

    return scaled
