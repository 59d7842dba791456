"""Two quantities traded against each other: variants, their seeds, and the front of their means."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from aejax.figures.output import Arrayed
from aejax.figures.style import BLACK, COLOURS, GREY, Plot, logarithmic, note, panels, styled
from aejax.results.pareto import Trade, Traded, said, sign, trade
from aejax.results.rows import Row

DECADES = 1.5  # spanned by positive values: the axis is logarithmic
MARKERS = "os^Dv<>P*X"
NAMED = 12  # points of a front that are named beside it
BARS = {"fmt": "none", "elinewidth": 0.7, "zorder": 2}


@styled
def draw(rows: list[Row], arrays: Arrayed) -> Plot | None:
    """A panel a data set; None where the rows' sweep declared no pair (`config.pareto`)."""
    declared = next((row["pareto"] for row in rows if row.get("pareto")), None)
    if declared is None:
        return None
    found = trade(rows, declared)
    if not found.points:
        return None
    datasets = list(dict.fromkeys(point.dataset for point in found.points))
    figure, axes = panels(datasets, min(2, len(datasets)), height=3.2)
    models = list(dict.fromkeys(point.model for point in found.points))
    for axis, dataset in zip(axes, datasets, strict=True):
        _panel(axis, [p for p in found.points if p.dataset == dataset], found, models)
    note(
        figure,
        "Marker: mean over seeds; bars: standard deviation; dots: seeds.",
        "Line: the front, of the variants that no other is as good as in both and better in one.",
        *said(found),
    )
    return Plot(figure, [_line(point, found) for point in found.points])


def _panel(axis: Axes, points: Sequence[Traded], found: Trade, models: list[str]) -> None:
    for axis_name, at, name in (("x", 0, found.read[0]), ("y", 1, found.read[1])):
        values = [v for p in points for v in (p.x, p.y)[at].values]
        if min(values) > 0 and np.log10(max(values) / min(values)) > DECADES:
            logarithmic_of(axis, axis_name, min(values), max(values))
        axis.set(**{f"{axis_name}label": words(name)})
    for point in points:
        i = models.index(point.model)
        colour, marker = COLOURS[i % len(COLOURS)], MARKERS[i % len(MARKERS)]
        axis.plot(point.x.values, point.y.values, ".", color=colour, alpha=0.45, markersize=3)
        bars = np.nan_to_num([point.x.deviation, point.y.deviation])
        axis.errorbar(point.x.mean, point.y.mean, bars[1], bars[0], ecolor=colour, **BARS)
        known = axis.get_legend_handles_labels()[1]
        axis.plot(
            point.x.mean, point.y.mean, marker, color=colour, markersize=5, linestyle="none",
            markeredgecolor=BLACK if point.on_front else colour, markeredgewidth=0.8,
            label=None if point.model in known else point.model,
        )  # fmt: skip
    on = sorted((p for p in points if p.on_front), key=lambda p: sign(found.read[0]) * p.x.mean)
    axis.step([p.x.mean for p in on], [p.y.mean for p in on], color=GREY, where="post", zorder=1)
    for i, point in enumerate(on if len(on) <= NAMED else []):
        many = len(models) > len(MARKERS)
        text = point.label if many else point.label.partition(" · ")[2] or point.model
        place = (point.x.mean, point.y.mean)
        beside = (4, 4) if i % 2 == 0 else (-4, -9)  # by turns, so that neighbours stay apart
        axis.annotate(
            text, place, beside, textcoords="offset points", fontsize=6.5, color=GREY,
            ha="left" if i % 2 == 0 else "right",
        )  # fmt: skip
    if 1 < len(models) <= len(MARKERS):  # more have no look of their own
        axis.legend()


def logarithmic_of(axis: Axes, name: str, low: float, high: float) -> None:
    """Makes an axis logarithmic that has no data yet."""
    axis.set(**{f"{name}lim": (low / 1.15, high * 1.15)})
    logarithmic(axis, name)


def words(name: str) -> str:
    """Returns `valid_kl_nats` as "kl nats (valid)"."""
    split, _, rest = name.partition("_")
    if split in ("valid", "test"):
        return f"{rest.replace('_', ' ')} ({split})"
    return name.replace("_", " ")


def _line(point: Traded, found: Trade) -> dict[str, object]:
    return {
        "model": point.model,
        "variant": point.label,
        "dataset": point.dataset,
        "x_name": found.read[0],
        "x": point.x.mean,
        "x_standard_deviation": point.x.deviation,
        "y_name": found.read[1],
        "y": point.y.mean,
        "y_standard_deviation": point.y.deviation,
        "seeds": len(point.ids),
        "diverged": point.diverged,
        "on_front": point.on_front,
    }
