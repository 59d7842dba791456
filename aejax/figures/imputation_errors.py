"""RMSE of every filler of gaps against what is missing, and how often its intervals hold."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes

from aejax.figures.output import Arrayed
from aejax.figures.style import BLACK, COLOURS, GREY, Plot, note, panels, styled
from aejax.figures.tasks import of_task, title
from aejax.results.rows import Row

NAMES = {
    "miwae": "MIWAE",
    "iterated_linear": "iterated, linear",
    "iterated_trees": "iterated, forests",
    "neighbours": "nearest rows",
    "column_mean": "column mean",
    "closed_form": "closed form",
}
MARKS = dict(zip(NAMES, "osv^D*", strict=True))
COLOUR = dict(zip(NAMES, (*COLOURS[:5], BLACK), strict=True))
PATTERNS = {"scattered": "at random", "block": "a block"}

Where = tuple[str, str]  # data set, pattern


def places(rows: list[Row]) -> dict[Where, list[Row]]:
    """Returns the rows by data set and pattern, in their order."""
    found: dict[Where, list[Row]] = {}
    for row in rows:
        found.setdefault((row["dataset"], row["point"]["pattern"]), []).append(row)
    return found


def middle(rows: list[Row]) -> float:
    """Returns the share whose intervals are shown: the one nearest a half."""
    return min({row["point"]["missing"] for row in rows}, key=lambda share: abs(share - 0.5))


def by_method(rows: list[Row], share: float) -> dict[str, list[Row]]:
    """Returns the rows of a share of missing values, by method in the order of NAMES."""
    here = [row for row in rows if row["point"]["missing"] == share]
    found = {name: [row for row in here if row["point"]["method"] == name] for name in NAMES}
    return {name: mine for name, mine in found.items() if mine}


@styled
def draw(rows: list[Row], arrays: Arrayed) -> Plot | None:
    """Two panels a data set and pattern: errors, and coverage of intervals against their level."""
    mine = of_task(rows, "impute")  # of categories alone there is no error
    shown = places([row for row in mine if row["metrics"]["rmse"] is not None])
    if not shown:
        return None
    titles = []
    for dataset, pattern in shown:
        said = f"{title(dataset)}, {PATTERNS.get(pattern, pattern)}"
        titles += [said, "... its intervals"]
    figure, axes = panels(titles, 4 if len(shown) > 1 else 2, 1.35)
    table: list[dict[str, object]] = []
    for i, here in enumerate(shown.values()):
        _errors(axes[2 * i], here, table)
        _coverage(axes[2 * i + 1], here, arrays, table)
    handles: dict[str, Artist] = {}
    for axis in axes:
        for handle, label in zip(*axis.get_legend_handles_labels(), strict=True):
            handles.setdefault(label, handle)
    ordered = [label for label in NAMES.values() if label in handles]
    figure.legend(
        [handles[label] for label in ordered], ordered, loc="outside upper center", ncols=6,
        columnspacing=1.2,
    )  # fmt: skip
    note(
        figure,
        "RMSE is over the missing entries: of tables in standard deviations of a column, of images",
        "in grey levels from 0 to 1; marks are means over seeds, dashes the seeds. Intervals: the",
        "share of missing values that they hold, less their level; on the line they are as sure as",
        "they say, below it too sure. Pixels that are surely black lie in MIWAE's intervals of any",
        "level; the others' are of one width a column.",
    )
    return Plot(figure, table)


def _errors(axis: Axes, here: list[Row], table: list[dict[str, object]]) -> None:
    shares = sorted({row["point"]["missing"] for row in here})
    for share in shares:
        found = by_method(here, share)
        for j, (method, mine) in enumerate(found.items()):
            values = [row["metrics"]["rmse"] for row in mine]
            x = 100 * share if len(shares) > 1 else j
            style: dict[str, Any] = {"color": COLOUR[method], "linestyle": "none"}
            axis.plot([x] * len(values), values, marker="_", markersize=7, **style)
            label = NAMES[method] if share == shares[0] else None
            axis.plot(x, np.mean(values), marker=MARKS[method], markersize=4, label=label, **style)
            table += [{**row["point"], "seed": row["seed"], **row["metrics"]} for row in mine]
    if len(shares) > 1:
        for method in NAMES:
            line = [
                (100 * share, np.mean([row["metrics"]["rmse"] for row in found[method]]))
                for share in shares
                if method in (found := by_method(here, share))
            ]
            if line:
                axis.plot(*zip(*line, strict=True), color=COLOUR[method], linewidth=1)
        axis.set_xlabel("missing, %")
    else:
        axis.set_xticks([])
        axis.set_xlabel(f"{100 * shares[0]:.0f} % missing")
        axis.set_xlim(-0.6, len(found) - 0.4)
    most = max(row["metrics"]["rmse"] for row in here)
    axis.set_ylim(0, 1.12 * most)
    axis.set_ylabel("RMSE")
    axis.grid(axis="y", linewidth=0.3)


def _coverage(axis: Axes, here: list[Row], arrays: Arrayed, table: list[dict[str, object]]) -> None:
    axis.axhline(0, color=GREY, linewidth=0.8)
    for method, mine in by_method(here, middle(here)).items():
        some = [arrays[row["id"]] for row in mine if row["id"] in arrays]
        if not some:
            continue
        levels = 100 * np.asarray(some[0]["levels"])
        found = 100 * np.mean([each["coverage"] for each in some], axis=0)
        axis.plot(
            levels, found - levels, marker=MARKS[method], markersize=4, linewidth=1,
            color=COLOUR[method],
        )  # fmt: skip
        table += [
            {**mine[0]["point"], "level": a, "coverage": b}
            for a, b in zip(levels.tolist(), found.tolist(), strict=True)
        ]
    low, high = axis.get_ylim()
    axis.set_ylim(min(low, -12), max(high, 12))
    axis.set_xlim(0, 100)
    axis.set_xticks([10, 50, 90])
    axis.set_xlabel(f"level, % ({100 * middle(here):.0f} % missing)")
    axis.set_ylabel("held - level, %")
    axis.grid(axis="y", linewidth=0.3)
