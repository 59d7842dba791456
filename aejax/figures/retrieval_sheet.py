"""Queries, and the pictures that every method finds nearest; wrong ones are framed."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from aejax.figures import tiles
from aejax.figures.greys import GreyScale, pictures
from aejax.figures.output import Arrayed
from aejax.figures.retrieval_curves import NAMES, REFERENCE
from aejax.figures.style import RED, Plot, note, panels, styled
from aejax.figures.tasks import of_task, title
from aejax.results.rows import Row

BITS = 32  # that are shown, or the nearest to it that there is


def _line(images: np.ndarray) -> np.ndarray:
    """Returns images [n, H, W, C] as pictures on [0, 1]."""
    found = pictures(np.asarray(images)).astype(float)
    return found / 255 if np.asarray(images).dtype == np.uint8 else found


def _panel(axis: Axes, query: np.ndarray, lines: dict[str, tuple[np.ndarray, np.ndarray]]) -> None:
    """Draws the query above a line of pictures a method; `lines` are pictures and whether right."""
    across = max(len(images) for images, _ in lines.values())
    stacked = [query[None]] + [images for images, _ in lines.values()]
    every = np.concatenate(
        [np.concatenate([part, np.full((across - len(part), *part.shape[1:]), np.nan)])
         for part in stacked]
    )  # fmt: skip
    canvas = tiles.mosaic(np.nan_to_num(every, nan=1.0) if every.ndim == 4 else every, across)
    scale = GreyScale(min(0.0, float(np.nanmin(every))), max(1.0, float(np.nanmax(every))))
    tiles.show(axis, canvas, scale, interpolation="nearest")
    height, width = query.shape[:2]
    gap = -(-width // 12)
    for i, (_, right) in enumerate(lines.values(), 1):
        for j in np.flatnonzero(~np.asarray(right, bool)):
            corner = (j * (width + gap) - 0.5, i * (height + gap) - 0.5)
            axis.add_patch(Rectangle(corner, width, height, fill=False, color=RED, linewidth=1.2))
    places = [i * (height + gap) + height / 2 for i in range(len(lines) + 1)]
    axis.set_yticks(places, ["query", *lines])
    axis.tick_params(axis="y", length=0)


@styled
def draw(rows: list[Row], arrays: Arrayed) -> Plot | None:
    """A panel a query of seed 0; nothing where rows are no images."""
    mine = [
        row
        for row in of_task(rows, "retrieve", "refer")
        if row["seed"] == 0 and row["id"] in arrays and "asked" in arrays[row["id"]]
    ]
    coded = [row for row in mine if row["point"]["task"] == "retrieve"]
    if not coded:
        return None
    bits = min({row["point"]["bits"] for row in coded}, key=lambda count: abs(count - BITS))
    dataset = coded[0]["dataset"]
    names = {**NAMES, "cosine": REFERENCE}
    shown = {
        label: row
        for method, label in names.items()
        for row in mine
        if row["point"]["method"] == method
        and row["dataset"] == dataset
        and row["point"].get("bits", bits) == bits
    }
    asked = _line(arrays[coded[0]["id"]]["asked"])
    titles = [f"{title(dataset)}, query {i + 1}" for i in range(len(asked))]
    figure, axes = panels(titles, 3, 0.26 * (len(shown) + 1), fixed=True)
    table: list[dict[str, object]] = []
    for i, axis in enumerate(axes):
        lines = {}
        for label, row in shown.items():
            kept = arrays[row["id"]]
            lines[label] = (_line(kept["returned"][i]), np.asarray(kept["right"][i]))
            table.append({"query": i + 1, "method": label, "right": int(lines[label][1].sum())})
        _panel(axis, asked[i], lines)
        if i % 3:
            axis.set_yticks([])
    note(
        figure,
        "The first queries of seed 0, not chosen, and what is nearest to them, from the left, by",
        f"codes of {bits} bits and by cosine; framed: not relevant. Of equally near ones the first",
        "of the database stand here.",
    )
    return Plot(figure, table)
