"""Criteria: a text and a decision over values by seed. NaN (a diverged member) never passes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from aejax.reproduce.intervals import CONFIDENCE, effect

Values = Mapping[int | None, float]  # seed -> value; None where there is no seed
MANY = 1_000


class Summary(NamedTuple):
    """A series over its seeds: mean, standard error of the mean (NaN for one seed), count."""

    mean: float
    se: float
    n: int


def summarise(values: Values) -> Summary:
    """Returns mean and standard error; NaN among the values makes both NaN."""
    x = np.asarray(list(values.values()), np.float64)
    se = float(x.std(ddof=1) / math.sqrt(x.size)) if x.size > 1 else math.nan
    return Summary(float(x.mean()), se, x.size)


class Criterion(NamedTuple):
    """`passes(values)` decides over one or several series; `series` is (least, most) of them."""

    kind: str  # anchor, level or ordering
    text: str
    passes: Callable[[Sequence[Values]], bool]
    series: tuple[int, int] = (1, 1)


def _one(kind: str, text: str, holds: Callable[[float], bool], each: bool) -> Criterion:
    """A criterion on the mean of one series, or on each of its values."""

    def passes(series: Sequence[Values]) -> bool:
        (values,) = series
        tried = list(values.values()) if each else [summarise(values).mean]
        return bool(tried) and all(math.isfinite(v) and holds(v) for v in tried)

    return Criterion(kind, text + (", each" if each else ""), passes)


def anchor(target: float, tolerance: float) -> Criterion:
    """What is deterministic, or a theorem: each value within `tolerance` of `target`."""
    return _one("anchor", f"{target:g} ± {tolerance:g}", _near(target, tolerance), True)


def level(target: float, tolerance: float) -> Criterion:
    """The mean over seeds is within `tolerance` of `target`."""
    return _one("level", f"{target:g} ± {tolerance:g}", _near(target, tolerance), False)


def _near(target: float, tolerance: float) -> Callable[[float], bool]:
    return lambda value: abs(value - target) <= tolerance


def at_most(limit: float, each: bool = False) -> Criterion:
    """The mean over seeds, or each value, is at most `limit`."""
    return _one("level", f"≤ {limit:g}", lambda value: value <= limit, each)


def at_least(limit: float, each: bool = False) -> Criterion:
    """The mean over seeds, or each value, is at least `limit`."""
    return _one("level", f"≥ {limit:g}", lambda value: value >= limit, each)


def above(limit: float, each: bool = False) -> Criterion:
    """The mean over seeds, or each value, is greater than `limit`: a tie does not pass."""
    return _one("level", f"> {limit:g}", lambda value: value > limit, each)


def below(limit: float, each: bool = False) -> Criterion:
    """The mean over seeds, or each value, is less than `limit`: a tie does not pass."""
    return _one("level", f"< {limit:g}", lambda value: value < limit, each)


def within(low: float, high: float, each: bool = False) -> Criterion:
    """The mean over seeds, or each value, is between `low` and `high`."""
    return _one("level", f"{low:g} to {high:g}", lambda value: low <= value <= high, each)


def _steps(series: Sequence[Values], seeds: int) -> list[np.ndarray] | None:
    """Returns the differences of neighbouring series, paired by seed; None for too few seeds."""
    shared = [seed for seed in series[0] if all(seed in other for other in series)]
    if len(shared) < seeds or any(len(other) != len(shared) for other in series):
        return None
    table = np.asarray([[values[seed] for seed in shared] for values in series])
    return list(np.diff(table, axis=0)) if np.isfinite(table).all() else None


def increasing(margin: float = 0.0, seeds: int = 3) -> Criterion:
    """Each series is above the one before it by more than `margin`, in every seed."""

    def passes(series: Sequence[Values]) -> bool:
        steps = _steps(series, seeds)
        return steps is not None and all((step > margin).all() for step in steps)

    text = "increasing" + (f" by more than {margin:g}" if margin else "")
    return Criterion("ordering", f"{text} in every seed, {seeds} or more", passes, (2, MANY))


def increasing_in_mean(margin: float = 0.0, z: float = 2.0, seeds: int = 3) -> Criterion:
    """Each series is above the one before it in mean, by `margin` and `z` standard errors.

    The differences are paired by seed, and so is their standard error.
    """

    def passes(series: Sequence[Values]) -> bool:
        steps = _steps(series, seeds)
        if steps is None:
            return False
        found = [summarise(dict(enumerate(step))) for step in steps]
        return all(s.mean > margin and s.mean > z * s.se for s in found)

    text = f"increasing by more than {margin:g} and {z:g} standard errors in mean"
    return Criterion("ordering", f"{text}, {seeds} seeds or more", passes, (2, MANY))


def increasing_paired(
    margin: float = 0.0, confidence: float = CONFIDENCE, seeds: int = 3
) -> Criterion:
    """Each series is above the one before it, by the interval of differences paired by seed.

    The lower end of the two-sided Student t interval of the mean difference is above `margin`; see
    `intervals.effect`. It is the criterion for an ordering in a new paper.
    """

    def passes(series: Sequence[Values]) -> bool:
        steps = _steps(series, seeds)
        found = [effect(step, confidence) for step in steps or ()]
        return bool(found) and all(each is not None and each.low > margin for each in found)

    text = (
        f"increasing: the interval (Student t, {100 * confidence:g} %) of the differences by seed "
        f"is above {margin:g}, {seeds} seeds or more"
    )
    return Criterion("ordering", text, passes, (2, MANY))
