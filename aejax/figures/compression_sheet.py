"""Images and what is left of them at about the same rate, by every codec."""

from __future__ import annotations

import numpy as np

from aejax.figures import tiles
from aejax.figures.compression_curves import NAMES
from aejax.figures.output import Arrayed
from aejax.figures.style import Plot, note, panels, styled
from aejax.figures.tasks import of_task, title
from aejax.results.rows import Row

RATE = 0.31  # bits a pixel; the nearest setting of each codec is shown
CROP_RATE = 0.2


def nearest(rows: list[Row], method: str, metric: str, rate: float) -> Row | None:
    """Returns a codec's row of seed 0 whose rate is nearest, in ratio."""
    mine = [row for row in rows if row["point"]["method"] == method and row["metrics"].get(metric)]
    far = lambda row: abs(np.log(row["metrics"][metric] / rate))
    return min(mine, key=far) if mine else None


@styled
def draw(rows: list[Row], arrays: Arrayed) -> Plot | None:
    """A panel a data set, a line a codec; and a crop of a photograph, where there is one."""
    mine = [row for row in of_task(rows, "code") if row["seed"] == 0 and row["id"] in arrays]
    if not mine:
        return None
    shown = {}
    for name in dict.fromkeys(row["dataset"] for row in mine):
        here = [row for row in mine if row["dataset"] == name]
        shown[title(name)] = (here, "bits_per_pixel", RATE, "images")
        if any("crop" in arrays[row["id"]] for row in here):
            shown["a photograph"] = (here, "photo_bits_per_pixel", CROP_RATE, "crop")
    figure, axes = panels(list(shown), 1, 0.36 * 5 * 1.4, fixed=True)
    table: list[dict[str, object]] = []
    for (what, (here, metric, rate, which)), axis in zip(shown.items(), axes, strict=True):
        lines = []
        for method, label in NAMES.items():
            row = nearest(here, method, metric, rate)
            if row is None:
                continue
            images = np.asarray(arrays[row["id"]][which]) / 255
            images = images[None] if which == "crop" else images
            bits = row["metrics"][metric]
            lines.append((f"{label}, {bits:.2f}", images))
            table.append({"images": what, "method": method, **row["metrics"]})
        if which == "images":
            lines.append(("the image, 8", np.asarray(arrays[here[0]["id"]]["clean"]) / 255))
            tiles.show_lines(axis, lines, True)
        else:
            side_by_side = np.concatenate([images for _, images in lines])
            tiles.show_lines(axis, [("", side_by_side)], False)
            axis.set_xlabel("   ".join(label for label, _ in lines))
    note(
        figure,
        f"Numbers are bits a pixel, of each codec's setting that is nearest to {RATE:g}",
        f"(the photograph: {CROP_RATE:g}).",
    )
    return Plot(figure, table)
