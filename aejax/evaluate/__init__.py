"""Metrics: one family a file, and the table METRICS."""

from aejax.data.batches import mean_over, rows_over, total_over
from aejax.evaluate.code_scores import CODE_METRICS, code_metrics, code_table
from aejax.evaluate.inpainting import inpaint
from aejax.evaluate.metrics import (
    METRICS,
    SET_METRICS,
    Metric,
    SetMetric,
    codes,
    evaluate,
    per_example,
    show,
)
from aejax.evaluate.probes import Coded
from aejax.evaluate.reconstruction import baselines, reconstruct, squared_error

__all__ = [
    "CODE_METRICS",
    "METRICS",
    "SET_METRICS",
    "Coded",
    "Metric",
    "SetMetric",
    "baselines",
    "code_metrics",
    "code_table",
    "codes",
    "evaluate",
    "inpaint",
    "mean_over",
    "per_example",
    "reconstruct",
    "rows_over",
    "show",
    "squared_error",
    "total_over",
]
