"""The sweep at a glance: each seed's test error, mean and standard deviation, references."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from aejax.figures.cells import (
    KEY_METRICS,
    REFERENCES,
    PlotCell,
    bands_of,
    cell_of,
    shown_references,
    table_of,
)
from aejax.figures.output import Arrayed
from aejax.figures.style import (
    BLACK,
    BLUE,
    GREEN,
    PURPLE,
    RED,
    SKY,
    WIDTH,
    Plot,
    character,
    logarithmic,
    note,
    styled,
    wrapped,
)
from aejax.results.labels import names_of
from aejax.results.rows import Row, Variant, diverged, unit_of, variants

MANY = 30  # lines, which are then set closer
LONGEST = 44  # characters of a variant's name in one line
BELOW = 0.5  # inches below a panel, for its axis
GAP = 0.18  # inches between panels
CROSSES = 3  # at most, beside the count of diverged members
DECADES = 1.0  # spanned by the values: the axis is logarithmic
SEED = {"color": SKY, "markersize": 3.4, "markeredgewidth": 0.5, "markeredgecolor": BLUE}
MEAN = {"color": BLACK, "marker": "|", "markersize": 12, "markeredgewidth": 1.6, "linewidth": 1}
MARKS = {"mse_mean_image": PURPLE, "mse_pca": GREEN}
LOST = {"color": RED, "marker": "x", "markersize": 4, "linestyle": "none"}


@styled
def draw(rows: list[Row], arrays: Arrayed) -> Plot | None:
    """One panel a metric, one line a variant; diverged members are crosses on the right."""
    groups = variants(rows)
    bands = bands_of(groups)
    if not bands:
        return None
    figure, axes = _axes(bands)
    unit = unit_of(rows)
    table: list[dict[str, object]] = []
    everything: list[PlotCell] = []
    for line, (metrics, own) in zip(axes, bands, strict=True):
        for axis, metric in zip(line, metrics, strict=True):
            cells = [cell_of(variant, metric) for variant in own]
            everything += cells
            _panel(axis, cells)
            axis.set_xlabel(KEY_METRICS[metric].format(unit))
            table += [entry for cell in cells for entry in table_of(cell, metric)]
        line[0].set_yticks(range(len(own)), [_name(variant) for variant in own])
        _losses(figure, line[-1], own)
    seen = {name for cell in everything for name in shown_references(cell)}
    figure.legend(handles=_key(table, seen, unit), loc="upper left", ncols=5, borderaxespad=0.2)
    seeds = sorted({len(group.rows) for group in groups})
    span = " to ".join(map(str, sorted({seeds[0], seeds[-1]})))
    note(
        figure,
        f"Test set of {', '.join(sorted(names_of(r.get('dataset') for r in rows).values()))},",
        f"{span} {'seed' if span == '1' else 'seeds'} per variant.",
        "PCA of as many components as features errs by rounding alone and is not drawn."
        if any(set(cell.references) - set(shown_references(cell)) for cell in everything)
        else "",
        "Diverged members count neither in means nor in (sample) standard deviations.",
    )
    return Plot(figure, table)


def _name(variant: Variant) -> str:
    return wrapped(variant.label, LONGEST)


def _axes(bands: list[tuple[list[str], list[Variant]]]) -> tuple[Figure, list[list[Axes]]]:
    """Lays out panels by hand, in inches, so that lines are equally high in all bands."""
    names = [_name(variant).splitlines() for _, own in bands for variant in own]
    row = max(0.19 if len(names) < MANY else 0.15, 0.125 * max(map(len, names)))
    left = 0.15 + character(7) * max(len(line) for lines in names for line in lines)
    right = 0.75 if any(diverged(r) for _, own in bands for v in own for r in v.rows) else 0.15
    across = max(len(metrics) for metrics, _ in bands)
    width = min((WIDTH - left - right - GAP * (across - 1)) / across, 3.4)
    size = (left + across * (width + GAP) - GAP + right, sum(len(own) for _, own in bands) * row)
    size = (size[0], size[1] + len(bands) * BELOW + 0.55)
    figure, top, axes = Figure(figsize=size), size[1] - 0.35, []
    for metrics, own in bands:
        height = len(own) * row
        boxes = [(left + i * (width + GAP), top - height) for i in range(len(metrics))]
        line = [
            figure.add_axes((x / size[0], y / size[1], width / size[0], height / size[1]))
            for x, y in boxes
        ]
        for axis in line:
            axis.set(ylim=(len(own) - 0.5, -0.5), yticks=[])
        axes.append(line)
        top -= height + BELOW
    return figure, axes


def _panel(axis: Axes, cells: list[PlotCell]) -> None:
    """Draws points, mean with standard deviation, and references, a cell a line."""
    for y, cell in enumerate(cells):
        for name, value in shown_references(cell).items():
            axis.plot([value] * 2, [y - 0.5, y + 0.5], color=MARKS[name], linewidth=1)
        rise = np.linspace(-0.26, 0.26, len(cell.values)) if len(cell.values) > 1 else np.zeros(1)
        axis.plot(cell.values, y + rise[: len(cell.values)], "o", zorder=3, **SEED)
        axis.errorbar(cell.mean, y, xerr=cell.deviation, **MEAN)
    known = [v for cell in cells for v in (*cell.values, *shown_references(cell).values())]
    if not known:
        axis.set_xticks([])
    elif min(known) > 0 and np.log10(max(known) / min(known)) > DECADES:
        logarithmic(axis, "x")
    else:
        axis.locator_params(axis="x", nbins=5)
    models = list(dict.fromkeys(cell.variant.model for cell in cells))
    right = axis.get_yaxis_transform()
    for y, cell in enumerate(cells):
        if models.index(cell.variant.model) % 2 == 0:
            axis.axhspan(y - 0.5, y + 0.5, color="#f2f2f2", linewidth=0, zorder=0)
        if cell.missing:
            text = f"{cell.missing} without value"
            axis.text(0.99, y, text, transform=right, ha="right", va="center", fontsize=7)
    axis.tick_params(axis="y", length=0)


def _losses(figure: Figure, axis: Axes, own: list[Variant]) -> None:
    """Sets a cross a diverged member on the right of a band, and their number."""
    right = axis.get_yaxis_transform()  # x in widths of the panel, y in lines
    inch = 1 / (axis.get_position().width * figure.get_figwidth())
    for y, variant in enumerate(own):
        lost = sum(map(diverged, variant.rows))
        crosses = (0.08 + 0.07 * np.arange(min(lost, CROSSES))) * inch
        axis.plot(1 + crosses, [y] * len(crosses), transform=right, clip_on=False, **LOST)
        if lost:
            place, text = 1 + crosses[-1] + 0.07 * inch, f"{lost} of {len(variant.rows)}"
            axis.text(place, y, text, transform=right, va="center", color=RED, fontsize=7)


def _key(table: list[dict[str, object]], references: set[str], unit: str) -> list[Line2D]:
    """Returns the legend's entries, of what is there to be seen."""
    deviates = any(not np.isnan(float(str(entry["standard_deviation"]))) for entry in table)
    mean = "mean ± standard deviation" if deviates else "mean"
    entries = []
    if any(entry["value"] is not None for entry in table):
        entries.append(Line2D([], [], linestyle="none", marker="o", label="a seed", **SEED))
        entries.append(Line2D([], [], label=mean, **MEAN))
    if any(entry["status"] != "ok" for entry in table):
        entries.append(Line2D([], [], label="diverged", **LOST))
    for name, label in (pair for each in REFERENCES.values() for pair in each.items()):
        if name in references:
            entries.append(Line2D([], [], color=MARKS[name], label=label.format(unit)))
    return entries
