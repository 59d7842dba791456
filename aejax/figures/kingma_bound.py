"""The bound against samples seen, the VAE beside wake-sleep. Kingma & Welling 2013, figure 2."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from aejax.figures.output import Arrayed
from aejax.figures.style import COLOURS, Plot, note, panels, styled
from aejax.results.rows import Row, number

COLOUR = {"vae": COLOURS[3], "wake_sleep": COLOURS[2]}  # red and green, as in the paper
NAME = {"vae": "AEVB", "wake_sleep": "wake-sleep"}
DATA = {"mnist": "MNIST", "faces": "Frey Face"}
# The paper's axes: samples seen, and the bound in nats.
SAMPLES = (1e5, 1e8)
NATS = {"mnist": (-150.0, -100.0), "faces": (0.0, 1600.0)}
BATCH = 100


def _panel_of(row: Row) -> tuple[str, int] | None:
    """Returns (panel, Nz) of a row of figure 2; the plane of MNIST, Nz = 2, is not in it."""
    point = row.get("point", {})
    if point.get("task") != "bound":
        return None
    place = str(point["panel"]), int(point["latent"])
    return None if place == ("mnist", 2) else place


def _curves(arrays: Any) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Returns split -> (samples seen, bound)."""
    steps = {"train": "bound_train_step", "test": "bound_step"}
    return {
        split: (np.asarray(arrays[step]) * BATCH, np.asarray(arrays[f"bound_{split}"], np.float64))
        for split, step in steps.items()
    }


@styled
def draw(rows: list[Row], arrays: Arrayed) -> Plot | None:
    """One panel a data set and Nz; solid training, dashed test; a line a seed; the paper's ends."""
    places: dict[tuple[str, int], list[Row]] = {}
    for row in rows:
        place = _panel_of(row)
        if place and row["id"] in arrays:
            places.setdefault(place, []).append(row)
    if not places:
        return None
    order = sorted(places, key=lambda place: (place[0] != "mnist", place[1]))
    figure, axes = panels([f"{DATA[name]}, Nz = {size}" for name, size in order], 3, 1.9)
    table: list[dict[str, object]] = []
    for place, axis in zip(order, axes, strict=True):
        low, high = NATS[place[0]]
        for row in places[place]:
            colour, method = COLOUR[row["model"]], row["model"]
            first = row["seed"] == 0
            for split, (x, y) in _curves(arrays[row["id"]]).items():
                axis.plot(
                    x, y, color=colour, linewidth=0.6,
                    linestyle="-" if split == "train" else "--",
                    label=NAME[method] if first and split == "train" else None,
                )  # fmt: skip
                table += [
                    {"data": DATA[place[0]], "nz": place[1], "method": method, "split": split,
                     "seed": row["seed"], "samples": float(a), "bound_nats": float(b)}
                    for a, b in zip(x, y, strict=True)
                ]  # fmt: skip
                if np.isfinite(y[-1]):
                    # What ends below the paper's axis is to be seen, too.
                    low = min(low, y[-1] - 0.15 * (high - low))
            printed = number(row, "paper_nats")
            if first and not math.isnan(printed):
                axis.plot(SAMPLES[1], printed, "<", color=colour, markersize=5, clip_on=False)
        axis.set(xscale="log", xlim=SAMPLES, ylim=(low, high), xlabel="training samples seen")
    axes[0].set_ylabel("bound, nats")
    axes[0].legend(loc="lower right")
    note(
        figure,
        "Solid: training; dashed: test; a line a seed. Triangles: the ends of the paper's test",
        "curves, at about 10^8 samples; axes are the paper's, longer where a line ends below.",
    )
    return Plot(figure, table)
