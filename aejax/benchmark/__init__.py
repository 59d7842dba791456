"""Timing under jit: contests of rounds in turn, against peers and against the machine's limits."""

from aejax.benchmark.contest import Case, Round, compare, race
from aejax.benchmark.context import Bench

__all__ = ["Bench", "Case", "Round", "compare", "race"]
