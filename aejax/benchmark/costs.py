"""What each of our own contestants takes: time, memory and share of the machine's limit."""

from __future__ import annotations

from collections.abc import Sequence

from aejax.benchmark.contest import Case
from aejax.benchmark.shares import CEILINGS
from aejax.benchmark.trainer import EXAMPLES, FLOPS

NEEDED = {"compile_seconds", "peak_bytes", EXAMPLES, FLOPS}  # older records tell less
HEADER = (
    "case",
    "unit",
    "ms a unit",
    "examples/s",
    "compile, s",
    "GFLOP a unit",
    *(f"of {name}" for name in CEILINGS.values()),
    "peak MB",
)


def rows(cases: Sequence[Case]) -> list[tuple[str, ...]]:
    """Returns a row of HEADER for each contest in which a program of ours said what it takes.

    A unit is a step of one member (or a gradient, or an estimate), its time the median over rounds
    with half the distance between the quartiles in per cent. GFLOP are those of the products, a
    scan's body counted by its length. Peak MB are the largest program's: arguments, results and
    scratch memory.
    """
    contests: dict[str, list[Case]] = {}
    for case in cases:
        if case.detail.get("ours_said", {}).keys() >= NEEDED:
            contests.setdefault(case.case, []).append(case)
    return [_row(contest) for contest in contests.values()]


def _share(case: Case | None) -> str:
    return f"{case.ratio:.0%} ({case.ratio_low:.0%} to {case.ratio_high:.0%})" if case else ""


def _row(contest: list[Case]) -> tuple[str, ...]:
    first, limits = contest[0], {case.peer: case for case in contest}
    said, spread = first.detail["ours_said"], first.detail["ours_spread"]
    return (
        first.case,
        first.unit.removesuffix("s/s"),
        f"{1e3 / first.ours:.3g} ± {spread:.0%}",
        f"{said[EXAMPLES] * first.ours:,.0f}",
        f"{said['compile_seconds']:.2g}",
        f"{said[FLOPS] / 1e9:.3g}",
        *(_share(limits.get(name)) for name in CEILINGS.values()),
        f"{said['peak_bytes'] / 1e6:,.0f}",
    )
