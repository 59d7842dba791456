"""Search: points of a space of hyper-parameters, studies of them, and halving in a population."""

from aejax.search.halving import Rung, Searched, halve, rungs_of
from aejax.search.space import SAMPLERS, Dimension, choice, log_uniform, points, uniform
from aejax.search.study import AskedPoint, Ended, Study, open_study

__all__ = [
    "SAMPLERS",
    "AskedPoint",
    "Dimension",
    "Ended",
    "Rung",
    "Searched",
    "Study",
    "choice",
    "halve",
    "log_uniform",
    "open_study",
    "points",
    "rungs_of",
    "uniform",
]
