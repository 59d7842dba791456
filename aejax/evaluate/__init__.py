"""Metrics: one family a file, and the table METRICS."""

from aejax.evaluate.batches import mean_over, total_over
from aejax.evaluate.inpaint import inpaint
from aejax.evaluate.metrics import METRICS, SET_METRICS, Metric, SetMetric, codes, evaluate, show
from aejax.evaluate.reconstruction import baselines, reconstruct, squared_error

__all__ = [
    "METRICS",
    "SET_METRICS",
    "Metric",
    "SetMetric",
    "baselines",
    "codes",
    "evaluate",
    "inpaint",
    "mean_over",
    "reconstruct",
    "show",
    "squared_error",
    "total_over",
]
