"""Tables in the terminal: a sweep's results with mean and standard deviation over seeds, and its plan."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from rich.table import Table

from aejax.figures.rows import diverged, number, variants
from aejax.sweep.store import Row

# Columns of the summary, shown where any row has them.
COLUMNS = {
    "test_mse_per_image": "squared error / image",
    "test_rec_nats": "rec nats",
    "test_kl_nats": "KL nats",
    "test_elbo_nats": "ELBO nats",
}


def spread(values: Sequence[float]) -> str:
    """Returns "mean ± sd" of the finite values (sample standard deviation), or a dash."""
    finite = np.asarray([v for v in values if math.isfinite(v)])
    if not finite.size:
        return "–"
    if finite.size == 1:
        return f"{finite[0]:.4g}"
    return f"{finite.mean():.4g} ± {finite.std(ddof=1):.2g}"


def summary(rows: Sequence[Row], title: str) -> Table:
    """Returns one line a variant: members, diverged ones, and each metric over seeds."""
    columns = {k: v for k, v in COLUMNS.items() if any(k in row["metrics"] for row in rows)}
    references = [k for k in ("mse_pca", "mse_mean_image") if any(k in r["metrics"] for r in rows)]
    table = Table(title=title, caption="mean ± standard deviation over seeds, test set")
    table.add_column("variant", overflow="fold")
    table.add_column("seeds", justify="right")
    for label in columns.values():
        table.add_column(label, justify="right")
    for label in references:
        table.add_column(label.removeprefix("mse_").replace("_", " "), justify="right")
    for variant in variants(rows):
        fine = [row for row in variant.rows if not diverged(row)]
        lost = len(variant.rows) - len(fine)
        count = f"{len(fine)}" + (f" (+{lost} diverged)" if lost else "")
        cells = [spread([number(row, name) for row in fine]) for name in columns]
        held = [spread([number(row, name) for row in fine[:1]]) for name in references]
        table.add_row(variant.label, count, *cells, *held)
    return table


def plan_table(entries: Sequence[dict[str, Any]], title: str) -> Table:
    """Returns the plan of a sweep: one line a group."""
    table = Table(title=title)
    for name in entries[0]:
        table.add_column(name, justify="left" if name == "group" else "right")
    for entry in entries:
        table.add_row(*map(str, entry.values()))
    return table
