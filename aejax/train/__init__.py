"""Training: one step, scanned into chunks, run for populations, resumed exactly."""

from aejax.train.best import EarlyStopping
from aejax.train.optimizers import OPTIMIZERS, SCHEDULES
from aejax.train.run import Cost, Job, Trained, cost, train
from aejax.train.step import Recipe, hparams_of
from aejax.train.supervised import Supervised, fine_tune, probe

__all__ = [
    "OPTIMIZERS",
    "SCHEDULES",
    "Cost",
    "EarlyStopping",
    "Job",
    "Recipe",
    "Supervised",
    "Trained",
    "cost",
    "fine_tune",
    "hparams_of",
    "probe",
    "train",
]
