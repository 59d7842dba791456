"""Tables in the terminal.

A sweep's results with mean and standard deviation over seeds, and its plan.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from rich.table import Table

from aejax.results.labels import names_of
from aejax.results.rows import diverged, number, selectable, unit_of, variants
from aejax.results.store import Row

# Columns of the summary, shown where any row has them.
COLUMNS = {
    "valid_mse_per_image": "valid\nsquared error",
    "test_mse_per_image": "test\nsquared error",
    "test_rec_nats": "test\nrec nats",
    "test_kl_nats": "test\nKL nats",
    "test_elbo_nats": "test\nELBO nats",
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
    table = Table(title=title, caption=_caption(rows), collapse_padding=True)
    table.add_column("variant", overflow="fold", min_width=12)
    table.add_column("seeds", justify="right")
    for label in columns.values():
        table.add_column(label, justify="right")
    for variant in variants(rows):
        fine = [row for row in variant.rows if not diverged(row)]
        lost = len(variant.rows) - len(fine)
        count = f"{len(fine)}" + (f" (+{lost} diverged)" if lost else "")
        cells = [spread([number(row, name) for row in fine]) for name in columns]
        table.add_row(variant.label, count, *cells)
    return table


def _caption(rows: Sequence[Row]) -> str:
    said = (
        "Mean ± standard deviation over seeds, units per example; test: measured once, at the end."
    )
    if not all(selectable(row) for row in rows if not diverged(row)):
        said += "\nWithout validation rows (valid_fraction=0) nothing is selected."
    for variant in variants(rows):
        lost = [row for row in variant.rows if diverged(row)]
        if lost:
            first = lost[0].get("failed") or {"step": 0, "term": "loss"}
            said += (
                f"\n{variant.label}: {len(lost)} of {len(variant.rows)} diverged, the first at "
                f"step {first['step']} in {first['term']}. {first.get('hint', '')}".rstrip()
            )
    held = {}
    for row in rows:
        size = row["spec"]["args"].get("latent", "default")
        values = (number(row, "mse_mean_image"), number(row, "mse_pca"))
        values = tuple(None if math.isnan(value) else value for value in values)
        held[row["dataset"], size, *values] = None
    names, unit = names_of(row["dataset"] for row in rows), unit_of(rows)
    # The same few numbers for all rows of a data set and a code size: said once.
    for name, size, mean, pca in list(held)[:4]:
        named = {f"the mean {unit}": mean, f"PCA ({size})": pca}
        known = [f"{what} {value:.4g}" for what, value in named.items() if value is not None]
        if known:
            both = "both " * (len(known) > 1)
            said += f"\n{names[str(name)]}, test: squared error of {', of '.join(known)}"
            said += f", {both}fitted to train."
    return said


def plan_table(entries: Sequence[dict[str, Any]], title: str) -> Table:
    """Returns the plan of a sweep: one line a group."""
    table = Table(title=title)
    for name in entries[0]:
        table.add_column(name, justify="left" if name == "group" else "right")
    for entry in entries:
        table.add_row(*map(str, entry.values()))
    return table
