"""Timing under jit: contests of rounds in turn, against peers and against the machine's limits."""

from aejax.benchmark.contest import Case, Round, compare, race
from aejax.benchmark.context import Context

__all__ = ["Case", "Context", "Round", "compare", "race"]
