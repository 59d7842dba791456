"""Before and after: clean and noisy images, and what every denoiser makes of them."""

from __future__ import annotations

import numpy as np

from aejax.figures import greys, tiles
from aejax.figures.anomaly_auroc import title
from aejax.figures.denoising_levels import NAMES, of_task
from aejax.figures.output import Arrayed
from aejax.figures.style import Plot, note, panels, styled
from aejax.results.rows import Row


@styled
def draw(rows: list[Row], arrays: Arrayed) -> Plot | None:
    """A panel a data set and noise at its middle level; a line of pictures a method."""
    mine = [row for row in of_task(rows) if row["seed"] == 0 and row["id"] in arrays]
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
        pictures = [greys.pictures(np.asarray(images)) for images in lines.values()]
        strips = [tiles.mosaic(each, len(each)) for each in pictures]
        gap = np.full((2, *strips[0].shape[1:]), np.nan if strips[0].ndim == 2 else 0.0)
        canvas = np.concatenate([part for strip in strips for part in (strip, gap)][:-1])
        tiles.show(axis, canvas, tiles.GreyScale(0.0, 1.0), interpolation="nearest")
        if axis in axes[::3]:
            high = strips[0].shape[0] + 2
            axis.set_yticks([high * i + high / 2 - 1 for i in range(len(lines))], list(lines))
            axis.tick_params(axis="y", length=0)
        table += [
            {"dataset": dataset, "noise": noise, "method": m, **row["metrics"]}
            for m, row in found.items()
        ]
    note(figure, "The first test images, seed 0, the middle level of each noise; grey from 0 to 1.")
    return Plot(figure, table)


def _place(row: Row) -> tuple[str, str]:
    return row["dataset"], row["point"]["noise"]
