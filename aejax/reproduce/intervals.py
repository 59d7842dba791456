"""What the seeds of a claim say: intervals of differences and levels, and what they could see.

Two methods are compared by the differences of the values of one seed each, whose mean over the n
seeds has Student's t with n - 1 degrees of freedom (Student 1908); the interval is two-sided. The
smallest effect is the true mean at which such an interval excludes zero with probability POWER
(the non-central t; Cohen 1988, chapter 2), the spread over seeds being the one that was found.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy import special

CONFIDENCE = 0.95
POWER = 0.8
METHOD = (
    f"Student t, {100 * CONFIDENCE:g} %, two-sided, an ordering's of differences paired by seed; "
    f"smallest effect at a power of {100 * POWER:g} %"
)


class Effect(NamedTuple):
    """A mean over seeds, in the units of what is measured.

    Attributes:
      mean: of n values, or of n differences paired by seed.
      se: the standard error of the mean.
      n: how many seeds.
      low: the lower end of the interval.
      high: its upper end.
      smallest: the mean that this spread and number of seeds would have shown to differ.
    """

    mean: float
    se: float
    n: int
    low: float
    high: float
    smallest: float

    @property
    def excludes_zero(self) -> bool:
        return self.low > 0 or self.high < 0


def effect(values: Iterable[float], confidence: float = CONFIDENCE) -> Effect | None:
    """Returns the mean of values with its interval, or None for fewer than two, or a NaN.

    Args:
      values: one a seed, or one difference a seed.
      confidence: of the two-sided interval, between 0 and 1.
    """
    x = np.asarray(list(values), np.float64)
    if x.size < 2 or not np.isfinite(x).all():
        return None
    mean, se = float(x.mean()), float(x.std(ddof=1) / math.sqrt(x.size))
    quantile = float(special.stdtrit(x.size - 1, (1 + confidence) / 2))
    # P(T <= quantile) = 1 - POWER under this non-centrality; the far tail adds next to nothing.
    shift = float(special.nctdtrinc(x.size - 1, 1 - POWER, quantile))
    return Effect(mean, se, x.size, mean - quantile * se, mean + quantile * se, shift * se)


def paired(
    a: Mapping[Any, float | None], b: Mapping[Any, float | None], confidence: float = CONFIDENCE
) -> Effect | None:
    """Returns the effect b - a over the seeds of both; None as `effect`, or where one diverged.

    Args:
      a: seed -> value; None is a diverged member's.
      b: likewise. A series that is one value without a seed is compared with each of the other's.
      confidence: of the interval.
    """
    a, b = _spread(a, b), _spread(b, a)
    both = [(a[seed], b[seed]) for seed in a if seed in b]
    return effect((math.nan if None in (u, v) else v - u for u, v in both), confidence)  # type: ignore[operator]


def _spread(a: Mapping[Any, Any], other: Mapping[Any, Any]) -> Mapping[Any, Any]:
    """Gives each seed of `other` the one value of a series without seeds."""
    if set(map(str, a)) == {"None"} and set(map(str, other)) != {"None"}:
        return dict.fromkeys(other, next(iter(a.values())))
    return a


def effects_of(
    kind: str, values: Sequence[Mapping[Any, float | None]], confidence: float = CONFIDENCE
) -> list[Effect | None]:
    """Returns an ordering's steps from each series to the next, or each series' own level.

    Args:
      kind: the criterion's: anchor, level or ordering.
      values: seed -> value of each series, as results hold them.
      confidence: of the intervals.
    """
    if kind == "ordering":
        return [paired(a, b, confidence) for a, b in itertools.pairwise(values)]
    return [
        effect((math.nan if v is None else v for v in series.values()), confidence)
        for series in values
    ]


def comparisons(entries: Iterable[Mapping[str, Any]]) -> int:
    """Returns how many comparisons the judged claims of a record make: an ordering one a step."""
    judged = [entry for entry in entries if entry["passed"] is not None]
    return sum(max(1, len(entry["values"]) - (entry["kind"] == "ordering")) for entry in judged)


class Tally(NamedTuple):
    """The steps of a record's orderings.

    Attributes:
      steps: how many.
      apart: those whose interval lies above zero, the way the claim has it.
      together: those of them whose interval does so at 1 - (1 - CONFIDENCE) / comparisons, so that
        all intervals of the record hold together (Bonferroni).
      reversed: those whose interval lies below zero.
    """

    steps: int
    apart: int
    together: int
    reversed: int


def tally(entries: Sequence[Mapping[str, Any]]) -> Tally:
    """Counts the orderings' steps of a record's claims that were judged."""
    strict = 1 - (1 - CONFIDENCE) / max(1, comparisons(entries))
    judged = [e for e in entries if e["kind"] == "ordering" and e["passed"] is not None]

    def all_of(confidence: float) -> list[Effect | None]:
        return [e for entry in judged for e in effects_of("ordering", entry["values"], confidence)]

    plain, joint = all_of(CONFIDENCE), all_of(strict)
    return Tally(
        len(plain),
        sum(e is not None and e.low > 0 for e in plain),
        sum(e is not None and e.low > 0 for e in joint),
        sum(e is not None and e.high < 0 for e in plain),
    )


def said(found: Sequence[Effect | None], kind: str) -> str:
    """Returns the intervals as tables show them: steps as signed differences, levels as ranges."""
    sign = "+" if kind == "ordering" else ""
    return "; ".join(
        "–" if e is None else f"{e.mean:{sign}.3g} [{e.low:{sign}.3g}, {e.high:{sign}.3g}]"
        for e in found
    )


def smallest_said(found: Sequence[Effect | None]) -> str:
    """Returns the smallest effects as tables show them; seeds that agree to the digit say none."""
    return "; ".join(
        "–" if e is None else f"{e.smallest:.2g}" if e.se > 0 else "no spread" for e in found
    )
