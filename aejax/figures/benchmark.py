"""Ratios of a benchmark: a line a contest, a dot the median round, whiskers all rounds."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from aejax.benchmark.contest import Case
from aejax.benchmark.shares import CEILINGS
from aejax.figures.style import BLUE, GREY, ORANGE, WIDTH, Plot, logarithmic, note, styled

LINE = 0.155  # inches


@styled
def draw(cases: Sequence[Case]) -> Plot:
    """Draws the cases in groups, one for each of the names in `Case.case`."""
    groups: dict[str, list[Case]] = {}
    for case in cases:
        if case.peer == CEILINGS["sustained"]:
            continue  # the same square, a little to the right; the tables have it
        groups.setdefault(f"{case.suite}: {case.case}", []).append(case)
    lines = sum(len(group) + 1 for group in groups.values())
    figure = Figure((WIDTH, LINE * lines + 0.9), layout="constrained")
    axes = figure.subplots()
    labels, at = [], []
    y = 0.0
    for name, group in groups.items():
        labels.append(name)
        at.append(y)
        y += 1
        for case in group:
            # A share of a limit, not a race: it has a sign of its own.
            limit = case.peer == CEILINGS["best"]
            colour = GREY if limit else BLUE if case.ratio_low > 1 else ORANGE
            axes.plot([case.ratio_low, case.ratio_high], [y, y], color=colour, linewidth=1.0)
            marker = "s" if limit else "o" if case.ratio > 1 else "v"
            axes.plot(case.ratio, y, marker, color=colour, markersize=4)
            axes.annotate(
                f"{case.ratio:.2g}" if case.ratio < 100 else f"{case.ratio:.0f}",
                (case.ratio_high, y), (4, 0), textcoords="offset points", fontsize=7, va="center",
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.3},
            )  # fmt: skip
            labels.append(f"of the {case.peer}" if limit else f"against {case.peer}")
            at.append(y)
            y += 1
    axes.axvline(1.0, color="black", linewidth=0.6, linestyle=":")
    axes.set_yticks(at, labels)
    axes.tick_params(axis="y", length=0)
    for label, text in zip(axes.get_yticklabels(), labels, strict=True):
        if text in groups:
            label.set_fontweight("bold")
            label.set_horizontalalignment("right")
    axes.set_ylim(y - 0.5, -0.7)
    axes.margins(x=0.12)
    axes.set_xlabel("ratio, above 1 where aejax is faster")
    logarithmic(axes, "x")
    note(
        figure,
        "Dots: median of the rounds' ratios; lines: all rounds. Blue: faster in all; orange: not",
        "in all. Grey squares: share of the machine's matrix-product speed, its best call of",
        "half a second.",
    )
    table: list[dict[str, object]] = [
        {k: v for k, v in case._asdict().items() if k != "detail"} for case in cases
    ]
    return Plot(figure, table)
