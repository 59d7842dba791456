"""Optimisers and schedules from traced hyper-parameters: two tables, and `make`."""

from aejax.train.optimizers.build import hparams, make
from aejax.train.optimizers.schedules import SCHEDULES
from aejax.train.optimizers.table import OPTIMIZERS

__all__ = ["OPTIMIZERS", "SCHEDULES", "hparams", "make"]
