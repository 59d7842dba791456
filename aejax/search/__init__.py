"""Search: points of a space of hyper-parameters, and successive halving inside a population."""

from aejax.search.halving import Rung, Searched, halve, rungs_of
from aejax.search.space import SAMPLERS, Dimension, choice, log_uniform, points, uniform

__all__ = [
    "SAMPLERS",
    "Dimension",
    "Rung",
    "Searched",
    "choice",
    "halve",
    "log_uniform",
    "points",
    "rungs_of",
    "uniform",
]
