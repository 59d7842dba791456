"""Data whose factors are known: what disentanglement is measured on."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from aejax.errors import ConfigError

Encode = Callable[[np.ndarray], np.ndarray]  # observations [n, *shape] -> codes [n, L]


class GroundTruth(NamedTuple):
    """Independent factors, each uniform on its values, and what they look like.

    `sizes` are the numbers of values; factors are whole numbers [n, F] from 0. `render(factors,
    rng) -> observations [n, *shape]` may draw what is no factor (noise, texture) from `rng`.
    """

    sizes: tuple[int, ...]
    render: Callable[[np.ndarray, np.random.Generator], np.ndarray]
    names: tuple[str, ...] = ()


def draw_factors(truth: GroundTruth, n: int, rng: np.random.Generator) -> np.ndarray:
    """Returns n independent draws of all factors: int64 [n, F]."""
    if not truth.sizes or min(truth.sizes) < 1:
        raise ConfigError(f"sizes={truth.sizes!r}. Allowed: one or more integers of 1 or more.")
    return rng.integers(0, np.asarray(truth.sizes), size=(n, len(truth.sizes)))


def encode_factors(
    truth: GroundTruth,
    encode: Encode,
    factors: np.ndarray,
    rng: np.random.Generator,
    chunk: int = 4096,
) -> np.ndarray:
    """Returns the codes [n, L] of the factors' observations, float64.

    Raises:
      ConfigError: codes that are not [n, L] or not finite.
    """
    parts = []
    for start in range(0, len(factors), chunk):
        part = factors[start : start + chunk]
        code = np.asarray(encode(truth.render(part, rng)), np.float64)
        if code.ndim != 2 or len(code) != len(part) or not np.isfinite(code).all():
            raise ConfigError(
                f"encode returned an array {code.shape} for {len(part)} observations. "
                "Allowed: finite numbers [n, L]."
            )
        parts.append(code)
    return np.concatenate(parts)


def draw(
    truth: GroundTruth, encode: Encode, n: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Returns (codes [n, L], factors [n, F]) of n independent draws."""
    factors = draw_factors(truth, n, rng)
    return encode_factors(truth, encode, factors, rng), factors
