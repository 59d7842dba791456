"""The numbers of the summary: a variant's values of a metric, their mean and standard deviation."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from aejax.results.rows import Variant, diverged, number

ACROSS = 3  # metrics side by side
# Metric -> axis label, {} an image or an example. `test_loss` is not among them: it means another
# thing in each model.
KEY_METRICS = {
    "test_mse_per_image": "squared error per {}",
    "test_rec_nats": "reconstruction (nats per {})",
    "test_elbo_nats": "ELBO (nats per {})",
    "test_kl_nats": "KL (nats per {})",
    "test_bits_per_dim": "bits per dimension",
}
# Metric -> references among a row's metrics, with name and colour.
REFERENCES = {"test_mse_per_image": {"mse_mean_image": "mean {}", "mse_pca": "PCA"}}


ROUNDING = 1e-9  # of the largest value, below which a reference is no number to compare with


class PlotCell(NamedTuple):
    """A variant's values [seeds] of one metric, of the members that ended well and have one."""

    variant: Variant
    values: np.ndarray
    missing: int  # ended well and have none
    references: dict[str, float]

    @property
    def mean(self) -> float:
        return float(self.values.mean()) if self.values.size else np.nan

    @property
    def deviation(self) -> float:
        return float(self.values.std(ddof=1)) if self.values.size > 1 else np.nan


def bands_of(groups: list[Variant]) -> list[tuple[list[str], list[Variant]]]:
    """Sets metrics that the same models report side by side, so that no panel has empty lines."""
    bands: dict[frozenset[str], list[str]] = {}
    for metric in KEY_METRICS:
        models = {g.model for g in groups if any(not np.isnan(number(r, metric)) for r in g.rows)}
        if metric == next(iter(KEY_METRICS)):  # where a model is told of that never ended well
            models |= {g.model for g in groups if all(diverged(r) for r in g.rows)}
        if models:
            bands.setdefault(frozenset(models), []).append(metric)
    return [
        ([str(metric) for metric in part], [group for group in groups if group.model in models])
        for models, metrics in bands.items()
        for part in np.array_split(metrics, -(-len(metrics) // ACROSS))
    ]


def cell_of(variant: Variant, metric: str) -> PlotCell:
    ended = [number(row, metric) for row in variant.rows if not diverged(row)]
    values = np.array([value for value in ended if not np.isnan(value)])
    references = {}
    for name in REFERENCES.get(metric, {}):
        known = [v for row in variant.rows if not np.isnan(v := number(row, name))]
        if known:
            references[name] = float(np.mean(known))
    return PlotCell(variant, values, len(ended) - len(values), references)


def shown_references(cell: PlotCell) -> dict[str, float]:
    """Returns the references but those that are nothing but rounding: they would stretch the axis.

    With as many components as features, PCA's error is that of float64.
    """
    largest = max([*cell.references.values(), *cell.values], default=0.0)
    return {name: v for name, v in cell.references.items() if v > ROUNDING * largest}


def table_of(cell: PlotCell, metric: str) -> list[dict[str, object]]:
    """One line a member, the diverged ones with an empty value."""
    known = {row["id"]: number(row, metric) for row in cell.variant.rows if not diverged(row)}
    return [
        {
            "metric": metric,
            "model": cell.variant.model,
            "variant": cell.variant.label,
            "id": row["id"],
            "seed": row["seed"],
            "status": row["status"],
            "value": None if np.isnan(known.get(row["id"], np.nan)) else known[row["id"]],
            "mean": cell.mean,
            "standard_deviation": cell.deviation,
            **cell.references,
        }
        for row in cell.variant.rows
    ]
