"""How a run is cut: stages into chunks of steps, each chunk one call of a compiled program."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from aejax.types import Stage

CURVE_POINTS = 200  # what a curve needs; a chunk keeps the means of its windows


class Segment(NamedTuple):
    """`length` steps of one stage, from `start`, leaving `points` points on the curves."""

    stage: int
    start: int
    length: int
    points: int


def stage_steps(stages: Sequence[Stage], steps: int) -> list[int]:
    """Returns each stage's number of steps.

    Its share of the whole, one at least, summing to `steps`.
    """
    total, left, lengths = sum(stage.share for stage in stages), steps, []
    for after in range(len(stages) - 1, 0, -1):
        share = stages[-after - 1].share / total
        # No stage takes the step that each one after it needs.
        lengths.append(max(1, min(round(steps * share), left - after)))
        left -= lengths[-1]
    return [*lengths, max(1, left)]


def segments(stages: Sequence[Stage], steps: int, every: int) -> list[Segment]:
    """Returns the chunks of a run: at most `every` steps each, never across a stage's end."""
    cut, start = [], 0
    for stage, length in enumerate(stage_steps(stages, steps)):
        end = start + length
        while start < end:
            size = min(every, end - start)
            wanted = max(1, round(CURVE_POINTS * size / max(steps, 1)))
            points = max(p for p in range(1, min(wanted, size) + 1) if size % p == 0)
            cut.append(Segment(stage, start, size, points))
            start += size
    return cut


def curve_steps(cut: Sequence[Segment]) -> list[float]:
    """Returns the step in the middle of each window of the curves."""
    return [s.start + (i + 0.5) * s.length / s.points - 0.5 for s in cut for i in range(s.points)]
