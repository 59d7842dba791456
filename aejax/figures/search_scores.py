"""What searches of one budget have found: a point a seed, with medians and quartiles."""

from __future__ import annotations

import numpy as np

from aejax.figures.output import Arrayed
from aejax.figures.style import COLOURS, Plot, note, panels, styled
from aejax.figures.tasks import of_task
from aejax.results.rows import Row

# method -> its name, and its points where the rows do not say
METHODS = {
    "halving": ("halving", 27),
    "pbt": ("PBT", None),
    "tpe": ("TPE", None),
    "random": ("random", 7),
    "sobol": ("Sobol", 7),
}
METRICS = {"mse_per_image": "test error, squared, per image", "elbo_nats": "test ELBO, nats"}


@styled
def draw(rows: list[Row], arrays: Arrayed) -> Plot | None:
    """Draws the rows of the task `search`: a panel a model, a column a way to search."""
    mine = of_task(rows, "search")
    if not mine:
        return None
    models = list(dict.fromkeys(row["model"] for row in mine))
    figure, axes = panels(models, 2, 2.4)
    table: list[dict[str, object]] = []
    for model, axis in zip(models, axes, strict=True):
        here = [row for row in mine if row["model"] == model]
        metric = next(m for m in METRICS if f"test_{m}" in here[0]["metrics"])
        used = [name for name in METHODS if any(r["point"]["method"] == name for r in here)]
        names = []
        for i, method in enumerate(used):
            name, points = METHODS[method]
            rows_of = [r["metrics"] for r in here if r["point"]["method"] == method]
            names.append(f"{name},\n{int(rows_of[0].get('points') or points)} points")
            found = [metrics[f"test_{metric}"] for metrics in rows_of]
            values = np.array([v for v in found if v is not None], float)
            jitter = np.random.default_rng(0).uniform(-0.12, 0.12, len(values))
            axis.scatter(i + jitter, values, s=8, color=COLOURS[i], alpha=0.6, linewidths=0)
            low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
            axis.plot([i - 0.25, i + 0.25], [middle] * 2, color=COLOURS[i], linewidth=2)
            axis.plot([i + 0.25] * 2, [low, high], color=COLOURS[i], linewidth=1)
            quartiles = {"lower_quartile": low, "median": middle, "upper_quartile": high}
            said = {"model": model, "method": method, "metric": metric, "seeds": len(values)}
            table.append({**said, **{name: float(value) for name, value in quartiles.items()}})
        axis.set_xticks(range(len(used)), names)
        axis.set_ylabel(METRICS[metric])
        axis.grid(axis="y", linewidth=0.3)
    note(
        figure,
        "A point a seed: the model with the best validation metric, on the test rows. Bars:",
        "medians; lines at their right: quartiles. All have spent as many member-steps.",
    )
    return Plot(figure, table)
