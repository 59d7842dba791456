"""Rows of any data set on one scale, for methods that compare distances."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np


def scaler(train: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Returns what brings rows [N, *shape] on the scale of the training rows: float32 [N, D].

    Bytes are divided by 255; other columns are standardised by the training rows, and one that
    does not vary there is centred alone.
    """
    flat = lambda rows: np.asarray(rows, np.float32).reshape(len(rows), -1)
    low, wide = np.float32(0), np.float32(255)
    if train.dtype != np.uint8:
        low, wide = flat(train).mean(0), flat(train).std(0)
        wide = np.where(wide > 0, wide, 1).astype(np.float32)
    return lambda rows: (flat(rows) - low) / wide
