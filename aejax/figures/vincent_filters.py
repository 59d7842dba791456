"""First-layer filters by level of noise. Vincent et al. 2010, figure 8."""

from __future__ import annotations

from aejax.figures import tiles
from aejax.figures.filters import SYMMETRIC, normalised
from aejax.figures.output import Arrayed
from aejax.figures.style import Plot, note, panels, styled
from aejax.figures.tasks import of_task
from aejax.results.rows import Row

DRAWN, ACROSS = 36, 6


@styled
def draw(rows: list[Row], arrays: Arrayed) -> Plot | None:
    """Draws the measured rows of the task `filters`, the first seed of each noise level."""
    mine = of_task(rows, "filters")
    first = {row["point"]["noise"]: row for row in reversed(mine) if row["id"] in arrays}
    chosen = [first[noise] for noise in sorted(first)]
    if not chosen:
        return None
    titles = [f"masking noise {row['point']['noise']:.0%}" for row in chosen]
    figure, axes = panels(titles, 4, 1.75, fixed=True)
    table: list[dict[str, object]] = []
    for row, axis in zip(chosen, axes, strict=True):
        shown = normalised(arrays[row["id"]]["filters"][:DRAWN])
        tiles.show(axis, tiles.mosaic(shown, ACROSS), SYMMETRIC, cmap="RdBu_r")
        table.append({"noise": row["point"]["noise"], **row["metrics"]})
    note(figure, "Each over its largest |weight|; red is positive.")
    return Plot(figure, table)
