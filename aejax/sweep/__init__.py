"""Sweeps: a config and its points become groups; each group trains as one population."""

from aejax.sweep.config import SCALES, base, check_scale, grid, product, set_field
from aejax.sweep.plan import Plan, make_plan
from aejax.sweep.run import Outcome, estimate, run

__all__ = [
    "SCALES",
    "Outcome",
    "Plan",
    "base",
    "check_scale",
    "estimate",
    "grid",
    "make_plan",
    "product",
    "run",
    "set_field",
]
