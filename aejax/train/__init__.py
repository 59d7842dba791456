"""Training: one step, scanned into chunks, run for populations, resumed exactly.

One step is step.py and loop.py; the driver is run.py, begin.py, plan.py and programs.py.
"""

from aejax.train.optimizers import OPTIMIZERS, SCHEDULES
from aejax.train.plan import Job, Plan, cost, plan_of
from aejax.train.population import Cost
from aejax.train.recipe import Recipe, hparams_of, resolve_hparams
from aejax.train.run import Trained, train
from aejax.train.step import terms_of
from aejax.train.stopping import EarlyStopping
from aejax.train.supervised import Supervised, fine_tune, probe

__all__ = [
    "OPTIMIZERS",
    "SCHEDULES",
    "Cost",
    "EarlyStopping",
    "Job",
    "Plan",
    "Recipe",
    "Supervised",
    "Trained",
    "cost",
    "fine_tune",
    "hparams_of",
    "plan_of",
    "probe",
    "resolve_hparams",
    "terms_of",
    "train",
]
