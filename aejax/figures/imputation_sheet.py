"""Images with missing pixels, and what every filler puts there."""

from __future__ import annotations

import numpy as np

from aejax.figures import tiles
from aejax.figures.imputation_errors import NAMES, PATTERNS, places
from aejax.figures.output import Arrayed
from aejax.figures.style import Plot, note, panels, styled
from aejax.figures.tasks import of_task, title
from aejax.results.rows import Row

GAP = 0.55  # the grey that is shown where nothing is known


@styled
def draw(rows: list[Row], arrays: Arrayed) -> Plot | None:
    """A panel a data set and pattern; a line of pictures a method, the image itself last."""
    mine = [
        row
        for row in of_task(rows, "impute")
        if row["seed"] == 0 and row["id"] in arrays and "clean" in arrays[row["id"]]
    ]
    shown = places(mine)
    if not shown:
        return None
    titles = [
        f"{title(dataset)}, {PATTERNS.get(pattern, pattern)}: "
        f"{100 * here[0]['point']['missing']:.0f} % missing"
        for (dataset, pattern), here in shown.items()
    ]
    count = max(len({row["point"]["method"] for row in here}) for here in shown.values()) + 2
    figure, axes = panels(titles, 2, 0.36 * count, fixed=True)
    table: list[dict[str, object]] = []
    for i, (here, axis) in enumerate(zip(shown.values(), axes, strict=True)):
        share = here[0]["point"]["missing"]
        found = {r["point"]["method"]: r for r in here if r["point"]["missing"] == share}
        some = arrays[here[0]["id"]]
        clean = np.asarray(some["clean"])
        lines = {"given": np.where(some["hidden"] > 0, GAP, clean)}
        for method, label in NAMES.items():
            if method in found:
                lines[label] = np.clip(arrays[found[method]["id"]]["filled"], 0, 1)
        lines["the image"] = clean
        tiles.show_lines(axis, list(lines.items()), i % 2 == 0)
        table += [{**row["point"], **row["metrics"]} for row in found.values()]
    note(figure, "The first images, what seed 0 hides; grey levels from 0 to 1.")
    return Plot(figure, table)
