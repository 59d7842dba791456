"""Optimisers and schedules from traced hyper-parameters: two tables, and `make`."""

from aejax.train.optimizers.build import hparams, make
from aejax.train.optimizers.schedules import SCHEDULES
from aejax.train.optimizers.switch import still, switched_off, training_off
from aejax.train.optimizers.table import OPTIMIZERS

__all__ = ["OPTIMIZERS", "SCHEDULES", "hparams", "make", "still", "switched_off", "training_off"]
