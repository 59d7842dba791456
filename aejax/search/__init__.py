"""Search: points of a space of hyper-parameters, studies of them, halving and PBT."""

from aejax.search.halving import Searched, halve, rungs_of
from aejax.search.pbt import Change, Evolved, evolve
from aejax.search.rungs import Contest, Rung
from aejax.search.space import SAMPLERS, Dimension, choice, log_uniform, points, uniform
from aejax.search.study import AskedPoint, Ended, Study, open_study

__all__ = [
    "SAMPLERS",
    "AskedPoint",
    "Change",
    "Contest",
    "Dimension",
    "Ended",
    "Evolved",
    "Rung",
    "Searched",
    "Study",
    "choice",
    "evolve",
    "halve",
    "log_uniform",
    "open_study",
    "points",
    "rungs_of",
    "uniform",
]
