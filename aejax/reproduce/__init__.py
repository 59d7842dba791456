"""Papers and applications: claims over rows, tasks that measure, results as one JSON file.

A paper is a file of `configs/papers/`, an application one of `configs/applications/`: its facts
alone. Everything measured is a row, and a claim is a selector of rows, a criterion, and the number
to be compared with, and its source.
"""

from aejax.reproduce.claim import Application, Claim, Paper
from aejax.reproduce.criteria import (
    above,
    anchor,
    at_least,
    at_most,
    below,
    increasing,
    increasing_in_mean,
    increasing_paired,
    level,
    within,
)
from aejax.reproduce.grids import candidates
from aejax.reproduce.images import image_splits, of_most_contrast
from aejax.reproduce.scaled import scaler
from aejax.reproduce.select import combine, difference, pick, ratio
from aejax.reproduce.tasks import Context, Measured, Task

__all__ = [
    "Application",
    "Claim",
    "Context",
    "Measured",
    "Paper",
    "Task",
    "above",
    "anchor",
    "at_least",
    "at_most",
    "below",
    "candidates",
    "combine",
    "difference",
    "image_splits",
    "increasing",
    "increasing_in_mean",
    "increasing_paired",
    "level",
    "of_most_contrast",
    "pick",
    "ratio",
    "scaler",
    "within",
]
