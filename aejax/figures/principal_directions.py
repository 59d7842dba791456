"""Which principal direction each left singular vector of a linear decoder is: |cos| matrices."""

from __future__ import annotations

from aejax.figures.output import Arrayed
from aejax.figures.style import Plot, note, panels, styled
from aejax.figures.tasks import of_task
from aejax.results.rows import Row

TITLES = {"linear": "no penalty", "linear_tied": "tied weights", "linear_l2": "L2 on both sides"}


@styled
def draw(rows: list[Row], arrays: Arrayed) -> Plot | None:
    """Draws the measured rows of the task `against_pca`, the first seed of each model."""
    mine = of_task(rows, "against_pca")
    shown = {row["model"]: row for row in reversed(mine) if row["id"] in arrays}
    chosen = [shown[model] for model in TITLES if model in shown]
    if not chosen:
        return None
    figure, axes = panels([TITLES[row["model"]] for row in chosen], 3, 2.2)
    table: list[dict[str, object]] = []
    for row, axis in zip(chosen, axes, strict=True):
        overlap = arrays[row["id"]]["overlap"]
        image = axis.imshow(overlap, cmap="viridis", vmin=0, vmax=1)
        size = len(overlap)
        ticks = list(range(0, size, max(1, size // 4)))
        axis.set(xlabel="principal direction", xticks=ticks, yticks=ticks)
        axis.set(xticklabels=[t + 1 for t in ticks], yticklabels=[t + 1 for t in ticks])
        table += [
            {"model": row["model"], "left_vector": i + 1, "direction": j + 1, "cosine": value}
            for i, line in enumerate(overlap)
            for j, value in enumerate(line)
        ]
    axes[0].set_ylabel("left singular vector of W2")
    figure.colorbar(image, ax=list(axes), shrink=0.8, label="|cos|")
    note(figure, "Scikit-learn's digits; one is the direction of greatest variance.")
    return Plot(figure, table)
