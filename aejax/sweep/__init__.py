"""Sweeps: a config and its points become groups; each group trains as one population."""

from aejax.sweep.config import SCALES, base, check_scale, grid, product, set_field
from aejax.sweep.execute import Outcome, estimate, run
from aejax.sweep.plan import SweepPlan, make_plan
from aejax.sweep.working import Worked, work

__all__ = [
    "SCALES",
    "Outcome",
    "SweepPlan",
    "Worked",
    "base",
    "check_scale",
    "estimate",
    "grid",
    "make_plan",
    "product",
    "run",
    "set_field",
    "work",
]
