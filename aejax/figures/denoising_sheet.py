"""Before and after: clean and noisy images, and what every denoiser makes of them."""

from __future__ import annotations

from aejax.figures import tiles
from aejax.figures.denoising_levels import NAMES
from aejax.figures.output import Arrayed
from aejax.figures.style import Plot, note, panels, styled
from aejax.figures.tasks import of_task, title
from aejax.results.rows import Row


@styled
def draw(rows: list[Row], arrays: Arrayed) -> Plot | None:
    """A panel a data set and noise at its middle level; a line of pictures a method."""
    mine = [row for row in of_task(rows, "denoise") if row["seed"] == 0 and row["id"] in arrays]
    if not mine:
        return None
    shown: dict[tuple[str, str], dict[str, Row]] = {}
    for row in mine:
        place = (row["dataset"], row["point"]["noise"])
        levels = sorted({r["point"]["level"] for r in mine if _place(r) == place})
        if row["point"]["level"] == levels[len(levels) // 2]:
            shown.setdefault(place, {})[row["point"]["method"]] = row
    titles = []
    for (dataset, noise), found in shown.items():
        level = next(iter(found.values()))["point"]["level"]
        titles.append(f"{title(dataset)}\n{noise.replace('_', ' ')} {level:g}")
    count = len(next(iter(shown.values()))) + 1
    figure, axes = panels(["\n" for _ in titles], 3, 0.27 * count, fixed=True)
    table: list[dict[str, object]] = []
    for ((dataset, noise), found), text, axis in zip(shown.items(), titles, axes, strict=True):
        axis.set_title(text)
        some = arrays[next(iter(found.values()))["id"]]
        lines = {"clean": some["clean"], "noisy": some["noisy"]}
        for method, label in NAMES.items():
            if method in found and method != "nothing":
                lines[label] = arrays[found[method]["id"]]["denoised"]
        tiles.show_lines(axis, list(lines.items()), axis in axes[::3])
        table += [
            {"dataset": dataset, "noise": noise, "method": m, **row["metrics"]}
            for m, row in found.items()
        ]
    note(
        figure,
        "Of the first hundred test images those with the highest contrast, seed 0, the middle",
        "level of each noise; grey from 0 to 1.",
    )
    return Plot(figure, table)


def _place(row: Row) -> tuple[str, str]:
    return row["dataset"], row["point"]["noise"]
