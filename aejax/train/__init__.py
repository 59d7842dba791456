"""Training: one step, scanned into chunks, run for populations, resumed exactly."""

from aejax.train.best import EarlyStopping
from aejax.train.fit import Fit, fit
from aejax.train.optimizers import OPTIMIZERS, SCHEDULES
from aejax.train.run import Cost, Job, Trained, cost, train
from aejax.train.step import Recipe, hparams_of
from aejax.train.supervised import Supervised, fine_tune, probe

__all__ = [
    "OPTIMIZERS",
    "SCHEDULES",
    "Cost",
    "EarlyStopping",
    "Fit",
    "Job",
    "Recipe",
    "Supervised",
    "Trained",
    "cost",
    "fine_tune",
    "fit",
    "hparams_of",
    "probe",
    "train",
]
