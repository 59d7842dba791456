"""Training: one step, scanned into chunks, run for populations, resumed exactly."""

from aejax.train.fit import Fit, fit
from aejax.train.optimizers import OPTIMIZERS, SCHEDULES
from aejax.train.run import Cost, Job, Trained, cost, evaluator, train
from aejax.train.step import Recipe, hparams_of

__all__ = [
    "OPTIMIZERS",
    "SCHEDULES",
    "Cost",
    "Fit",
    "Job",
    "Recipe",
    "Trained",
    "cost",
    "evaluator",
    "fit",
    "hparams_of",
    "train",
]
