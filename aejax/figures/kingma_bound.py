"""The bound against samples seen, the VAE beside wake-sleep. Kingma & Welling 2013, figure 2.

The paper draws the test bound through training. A sweep measures test once, at the end: of its
members that is a dot, and a line where they have validation rows.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from aejax.figures.output import Arrayed
from aejax.figures.style import COLOURS, Plot, note, panels, styled
from aejax.results.rows import Row, number

COLOUR = {"vae": COLOURS[3], "wake_sleep": COLOURS[2]}  # red and green, as in the paper
NAME = {"vae": "AEVB", "wake_sleep": "wake-sleep"}


def _curves(row: Row, arrays: Any) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Returns split -> (steps, bound), of a sweep's row or of a task's."""
    if "bound_test" in arrays:
        return {
            "train": (arrays["bound_train_step"], arrays["bound_train"]),
            "test": (arrays["bound_step"], arrays["bound_test"]),
        }
    train = -(arrays["curve/rec_nats"] + arrays["curve/kl_nats"])
    found = {"train": (arrays["curve_step"], train)}
    if "valid/elbo_nats" in arrays:
        found["valid"] = (arrays["valid_step"], arrays["valid/elbo_nats"])
    end = [row["step"]], [number(row, "test_elbo_nats")]
    return {**found, "test": (np.asarray(end[0]), np.asarray(end[1]))}


def _panel_of(row: Row) -> tuple[str, int] | None:
    point = row.get("point", {})
    if point.get("task") == "faces":
        return "Frey Face", int(point["latent"])
    args = row.get("spec", {}).get("args", {})
    if point or args.get("widths") != [500] or args.get("latent") == 2:
        return None
    return "MNIST", int(args["latent"])


@styled
def draw(rows: list[Row], arrays: Arrayed) -> Plot | None:
    """One panel a data set and Nz; solid training, dashed held out; a line a seed."""
    panels_of: dict[tuple[str, int], list[Row]] = {}
    for row in rows:
        place = _panel_of(row)
        if place and row["id"] in arrays:
            panels_of.setdefault(place, []).append(row)
    if not panels_of:
        return None
    places = sorted(panels_of, key=lambda place: (place[0] != "MNIST", place[1]))
    figure, axes = panels([f"{name}, Nz = {size}" for name, size in places], 3, 1.6)
    table: list[dict[str, object]] = []
    for place, axis in zip(places, axes, strict=True):
        ends = []
        for row in panels_of[place]:
            batch = 100
            for split, (step, bound) in _curves(row, arrays[row["id"]]).items():
                x, y = np.asarray(step) * batch, np.asarray(bound, np.float64)
                first = split == "train" and row["seed"] == 0
                axis.plot(
                    x, y, color=COLOUR[row["model"]], linewidth=0.8,
                    linestyle="-" if split == "train" else "--",
                    marker="o" if len(x) == 1 else None, markersize=3,
                    label=NAME[row["model"]] if first else None,
                )  # fmt: skip
                ends.append(y[len(y) * 9 // 10 :])
                table += [
                    {"data": place[0], "nz": place[1], "method": row["model"], "split": split,
                     "seed": row["seed"], "samples": float(a), "bound_nats": float(b)}
                    for a, b in zip(x, y, strict=True)
                ]  # fmt: skip
        # What the methods come to decides: one seed that starts 30,000 nats below must not.
        end = np.concatenate(ends)
        end = end[np.isfinite(end)]
        top, low = end.max(), end.min()
        axis.set_ylim(low - 0.8 * (top - low), top + 0.05 * (top - low))
        axis.set_xscale("log")
        axis.set_xlabel("training samples seen")
    axes[0].set_ylabel("bound, nats")
    axes[0].legend(loc="upper left")
    note(
        figure,
        "Solid: training; dashed: Frey Face test, MNIST validation where there is any; dot: MNIST",
        "test at the end; a line a seed. Lines may begin below the panel.",
    )
    return Plot(figure, table)
