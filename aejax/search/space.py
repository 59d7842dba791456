"""Spaces of hyper-parameters, and points of them: independent draws, or Sobol's sequence.

A point is a dict of names and values, as a sweep takes it: `points({"hp.lr": log_uniform(1e-4,
1e-2)}, 32)` stands beside `grid(...)` in a config's sweep. The first points of many are those of
few, so that a sweep with more of them trains the new alone.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from aejax.errors import ConfigError, check_integer, check_number, lookup, plain


class Dimension(NamedTuple):
    """One axis of a space: `at(u)` is its value at the quantile u of [0, 1).

    It has either `ends`, and is even in their logarithms where `log` is set, or `values`.
    """

    text: str
    at: Callable[[float], Any]
    ends: tuple[float, float] | None = None
    log: bool = False
    values: tuple[Any, ...] = ()


def _ends(low: float, high: float) -> tuple[float, float]:
    low, high = check_number("low", low), check_number("high", high)
    if not low < high:
        raise ConfigError(f"low={low!r} and high={high!r}. Allowed: low below high.")
    return low, high


def uniform(low: float, high: float) -> Dimension:
    """Returns numbers from low to high, uniform."""
    low, high = _ends(low, high)
    return Dimension(f"uniform({low:g}, {high:g})", lambda u: low + u * (high - low), (low, high))


def log_uniform(low: float, high: float) -> Dimension:
    """Returns numbers from low to high, uniform in their logarithm; low is above 0."""
    low, high = _ends(low, high)
    if low <= 0:
        raise ConfigError(f"low={low!r} has no logarithm. Allowed: above 0.")
    at = lambda u: low * (high / low) ** u
    return Dimension(f"log_uniform({low:g}, {high:g})", at, (low, high), log=True)


def choice(values: Sequence[Any]) -> Dimension:
    """Returns some values, each as likely."""
    kept = [plain(value) for value in values]
    if not kept:
        raise ConfigError("choice of no values. Allowed: one or more.")
    at = lambda u: kept[int(u * len(kept))]
    return Dimension(f"choice({kept})", at, values=tuple(kept))


def perturb(
    dimension: Dimension, value: Any, resample: float, factor: float, rng: np.random.Generator
) -> Any:
    """Returns a value near another one, for population-based training (Jaderberg et al. 2017).

    Args:
      dimension: that both are of.
      value: to begin with.
      resample: probability that the new one is drawn from the whole dimension.
      factor: else the new one is `factor` times the old or the `factor`-th part of it, cut at the
        ends, or of a choice the value listed before or after it, each as likely.
      rng: of the draws.
    """
    anew, up, u = rng.random() < resample, rng.random() < 0.5, rng.random()
    if anew:
        return dimension.at(u)
    if dimension.ends is not None:
        low, high = dimension.ends
        return min(max(value * factor if up else value / factor, low), high)
    at = dimension.values.index(value) + (1 if up else -1)
    return dimension.values[min(max(at, 0), len(dimension.values) - 1)]


def _random(size: int, n: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).random((n, size))


def _sobol(size: int, n: int, seed: int) -> np.ndarray:
    from scipy.stats import qmc  # scikit-learn has it

    with warnings.catch_warnings():  # balance of 2^k points: the user says how many
        warnings.simplefilter("ignore", UserWarning)
        return qmc.Sobol(size, scramble=True, rng=seed).random(n)


# name -> (dimensions, n, seed) -> quantiles [n, dimensions] of [0, 1)
SAMPLERS: dict[str, Callable[[int, int, int], np.ndarray]] = {"random": _random, "sobol": _sobol}


def check_space(space: Mapping[str, Dimension]) -> None:
    """Raises ConfigError where a space is none."""
    if not space:
        raise ConfigError("space is empty. Allowed: one hyper-parameter or more.")
    for name, dimension in space.items():
        if not isinstance(dimension, Dimension):
            raise ConfigError(
                f"space: {name}={dimension!r}. Allowed: uniform(low, high), "
                "log_uniform(low, high) or choice(values)."
            )


def points(
    space: Mapping[str, Dimension], n: int, sampler: str = "sobol", seed: int = 0
) -> list[dict[str, Any]]:
    """Returns n points of a space.

    Args:
      space: name -> dimension.
      n: how many; of "sobol" a power of two covers the space most evenly.
      sampler: random, or sobol (scrambled; Sobol' 1967, Owen 1995).
      seed: of the draws, or of the scrambling.

    Raises:
      ConfigError: an empty space, what is no dimension, an unknown sampler, or n below 1.
    """
    check_space(space)
    n, seed = check_integer("n", n, 1), check_integer("seed", seed, 0)
    quantiles = lookup("sampler", sampler, SAMPLERS)(len(space), n, seed)
    return [
        {name: each.at(float(u)) for (name, each), u in zip(space.items(), row, strict=True)}
        for row in quantiles
    ]
