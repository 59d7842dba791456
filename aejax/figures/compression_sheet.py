"""Images and what is left of them at about the same rate, by every codec."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from aejax.figures import tiles
from aejax.figures.compression_curves import NAMES
from aejax.figures.greys import GreyScale
from aejax.figures.output import Arrayed
from aejax.figures.style import Plot, note, panels, styled
from aejax.figures.tasks import of_task, title
from aejax.results.rows import Row

RATE = 0.25  # bits a pixel; of each codec the nearest setting is shown
WHOLE_RATE = 0.13  # of photographs


def nearest(rows: list[Row], metric: str, rate: float) -> dict[str, Row]:
    """Returns each codec's row whose rate is nearest, in ratio."""
    far = lambda row: abs(np.log(row["metrics"][metric] / rate))
    found = {}
    for method in NAMES:
        mine = [r for r in rows if r["point"]["method"] == method and r["metrics"].get(metric)]
        if mine:
            found[method] = min(mine, key=far)
    return found


def photograph(axis: Axes, rows: list[Row], arrays: Arrayed) -> list[dict[str, object]]:
    """Draws a crop by each codec and the photograph's own; returns the numbers that it shows."""
    chosen = nearest(rows, "photo_bits_per_pixel", WHOLE_RATE)
    labels, crops = [], []
    for method, row in chosen.items():
        labels.append(f"{called(method)}, {row['metrics']['photo_bits_per_pixel']:.2f}")
        crops.append(np.asarray(arrays[row["id"]]["crop"]))
    labels.append("the image, 8")
    crops.append(np.asarray(arrays[rows[0]["id"]]["crop_clean"]))
    pictures = np.stack(crops)[..., 0] / 255
    canvas = tiles.mosaic(pictures, len(pictures))
    tiles.show(axis, canvas, GreyScale(0.0, 1.0), interpolation="nearest")
    wide = pictures.shape[2] + -(-pictures.shape[2] // 12)
    axis.set_xticks([wide * (i + 0.5) for i in range(len(labels))], labels)
    axis.tick_params(axis="x", length=0)
    return [{"images": "photographs", "method": m, **row["metrics"]} for m, row in chosen.items()]


def called(method: str) -> str:
    """Returns a codec's name in a word."""
    return NAMES[method].partition(",")[0]


@styled
def draw(rows: list[Row], arrays: Arrayed) -> Plot | None:
    """A panel a data set, a line of pictures a codec, the images themselves last."""
    mine = [row for row in of_task(rows, "code") if row["seed"] == 0 and row["id"] in arrays]
    if not mine:
        return None
    datasets = list(dict.fromkeys(row["dataset"] for row in mine))
    whole = [row for row in mine if "crop" in arrays[row["id"]]]
    titles = [*map(title, datasets), *([""] * (len(datasets) % 2 + 1) if whole else [])]
    figure, axes = panels(titles, 2, 1.7, fixed=True)
    table: list[dict[str, object]] = []
    if whole:  # over the width of the page, in the last row
        place = axes[-1].get_subplotspec()
        assert place is not None
        for axis in axes[len(datasets) :]:
            axis.remove()
        wide = figure.add_subplot(place.get_gridspec()[place.rowspan.start, :])
        wide.set_title("part of a photograph that was coded whole")
        table += photograph(wide, whole, arrays)
    for name, axis in zip(datasets, axes, strict=False):
        chosen = nearest([row for row in mine if row["dataset"] == name], "bits_per_pixel", RATE)
        shown, clean = [], None
        for method, row in chosen.items():
            bits = row["metrics"]["bits_per_pixel"]
            label = f"{called(method)}, {bits:.2f}"
            shown.append((label, np.asarray(arrays[row["id"]]["images"]) / 255))
            clean = np.asarray(arrays[row["id"]]["clean"]) / 255
            table.append({"dataset": name, "method": method, **row["metrics"]})
        assert clean is not None
        tiles.show_lines(axis, [*shown, ("the image, 8", clean)], True)
    note(
        figure,
        f"Numbers are bits a pixel, of each codec's setting that is nearest to {RATE:g}. Of the",
        "first hundred test images of seed 0, those with the highest contrast.",
        f"The photograph: nearest to {WHOLE_RATE:g}, means over four." if whole else "",
    )
    return Plot(figure, table)
