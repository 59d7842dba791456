"""The codes of test images: themselves where two-dimensional, else two principal components."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib import patheffects
from matplotlib.axes import Axes

from aejax.figures.choose import choose
from aejax.figures.output import Arrayed
from aejax.figures.style import GREY, Plot, note, panels, styled
from aejax.results.rows import Row

MOST = 24  # panels; beyond, one a model
POINTS = 1000  # in a panel
NAMED = 30  # classes; more are told apart by no reader
# Petroff (2021), arXiv:2107.02270: ten colours that differ under colour vision deficiencies too.
CLASS_COLOURS = (
    "#3f90da",
    "#ffa90e",
    "#bd1f01",
    "#94a4a2",
    "#832db6",
    "#a96b59",
    "#e76300",
    "#b9ac70",
    "#717581",
    "#92dadd",
)
MARKERS = "os^Dv<>P*X"


class Plane(NamedTuple):
    """Points [M, 2] in a plane, and what its axes are."""

    points: np.ndarray
    names: tuple[str, str]


@styled
def draw(rows: list[Row], arrays: Arrayed) -> Plot | None:
    """A scatter a variant; a class has a colour, a marker and its name at its median."""
    shown, how = choose(rows, arrays, "codes", MOST)
    if not shown:
        return None
    columns = 2 if len(shown) <= 2 else 4 if len(shown) > 6 else 3
    figure, axes = panels([each.label for each in shown], columns, height=6.2 / columns)
    table: list[dict[str, object]] = []
    for axis, each in zip(axes, shown, strict=True):
        codes = each.arrays["codes"]
        labels = each.arrays.get("labels")
        plane = project(codes, labels)  # of all points, of which the first are drawn
        plane = plane._replace(points=plane.points[:POINTS])
        scatter(axis, plane, None if labels is None else labels[:POINTS], 20 / columns)
        table += [
            {
                **each.columns(),
                "label": "" if labels is None else labels[i],
                "x_name": plane.names[0],
                "x": float(x),
                "y_name": plane.names[1],
                "y": float(y),
            }
            for i, (x, y) in enumerate(plane.points)
        ]
    reduced = any(str(entry["x_name"]).startswith("PC") for entry in table)
    explained = "PC: principal component of the codes, with the share of their variance."
    note(figure, how, explained if reduced else "")
    return Plot(figure, table)


def project(codes: np.ndarray, labels: np.ndarray | None) -> Plane:
    """Returns codes [M, ...] in a plane.

    Two dimensions are drawn as they are, more by their first two principal components, one against
    the class (scattered a little, so that points do not hide each other).
    """
    flat = np.asarray(codes, np.float64).reshape(len(codes), -1)
    if flat.shape[1] == 1:
        scatter = np.random.default_rng(0).uniform(-0.3, 0.3, len(flat))
        height = scatter if labels is None else _ranks(labels) + scatter
        name = "scattered" if labels is None else "class (scattered)"
        return Plane(np.stack([flat[:, 0], height], axis=1), ("code", name))
    if flat.shape[1] == 2:
        return Plane(flat, ("code 1", "code 2"))
    centred = flat - flat.mean(axis=0)
    left, singular, _ = np.linalg.svd(centred, full_matrices=False)
    share = np.square(singular) / max(np.square(singular).sum(), 1e-300)
    first, second = (f"PC {i + 1} ({share[i]:.0%})".replace("%", " %") for i in range(2))
    return Plane(left[:, :2] * singular[:2], (first, second))


def _ranks(labels: np.ndarray) -> np.ndarray:
    return np.unique(labels, return_inverse=True)[1].astype(np.float64)


def scatter(axis: Axes, plane: Plane, labels: np.ndarray | None, size: float) -> None:
    """Draws points in a plane; a class has a colour, a marker and its name at its median."""
    x, y = plane.points.T
    axis.set(xlabel=plane.names[0], ylabel=plane.names[1])
    axis.locator_params(nbins=4)
    if plane.names[0] == "code":
        axis.set_yticks([])
    else:
        axis.set_aspect("equal", adjustable="datalim")
    if labels is None:
        axis.scatter(x, y, s=size, c=GREY, linewidths=0, alpha=0.7)
        return
    classes = np.unique(labels)
    for i, name in enumerate(classes):
        own = labels == name
        marker = MARKERS[(i + i // len(CLASS_COLOURS)) % len(MARKERS)]
        colour = CLASS_COLOURS[i % len(CLASS_COLOURS)]
        axis.scatter(x[own], y[own], s=size, c=colour, marker=marker, linewidths=0, alpha=0.75)
    if len(classes) <= NAMED:
        centres = np.array([np.median(plane.points[labels == name], axis=0) for name in classes])
        _name_classes(axis, centres, [str(name) for name in classes])


def _name_classes(axis: Axes, centres: np.ndarray, names: Sequence[str]) -> None:
    for (x, y), name in zip(spread(centres, axis), names, strict=True):
        axis.text(
            x, y, name, ha="center", va="center", fontsize=8, fontweight="bold",
            path_effects=[patheffects.withStroke(linewidth=2, foreground="white")],
        )  # fmt: skip


def spread(places: np.ndarray, axis: Axes, size: tuple[float, float] = (0.12, 0.12)) -> np.ndarray:
    """Pushes places [n, 2] apart until none lies in the ellipse around another.

    `size` holds the ellipse's half-axes as shares of the panel: what a label is wide and high.
    """
    span = np.array([np.ptp(axis.dataLim.intervalx), np.ptp(axis.dataLim.intervaly)])
    if axis.get_aspect() != "auto":
        span[:] = span.max()
    scale = np.where(span > 0, span, 1) * np.asarray(size)
    unit = places / scale
    order = np.arange(len(places))
    tie = 1e-6 * (order[:, None] - order[None])[..., None]  # equal places would have no direction
    for _ in range(200):
        apart = unit[:, None] - unit[None] + tie
        distance = np.linalg.norm(apart, axis=-1) + np.eye(len(unit))
        push = np.clip(1 - distance, 0, None)[..., None] * apart / (distance[..., None] + 1e-9)
        unit = unit + push.sum(axis=1) / 2
    return unit * scale
