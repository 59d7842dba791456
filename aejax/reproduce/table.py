"""Tables of claims: in the terminal, and as Markdown for the README."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from rich.table import Table

from aejax.reproduce.claim import Claim
from aejax.reproduce.origin import mark
from aejax.reproduce.results import Verdict
from aejax.results.rows import Row, number

COLOURS = {"pass": "green", "fail": "red", "not run": "yellow"}


def said(claim: Claim) -> str:
    """Returns the paper's number as it may be shown: what is from memory is marked."""
    return f"{claim.paper}" + (" (from memory)" if claim.reliability == "M" else "")


def ours(means: Sequence[float], errors: Sequence[float]) -> str:
    """Returns "mean ± standard error" of each series, in order."""
    cells = []
    for mean, error in zip(means, errors, strict=True):
        tail = "" if math.isnan(error) else f" ± {error:.2g}"
        cells.append("diverged" if math.isnan(mean) else f"{mean:.4g}{tail}")
    return " < ".join(cells) if len(cells) > 1 else "".join(cells) or "–"


def claims_table(title: str, verdicts: Sequence[Verdict]) -> Table:
    """Returns claim, paper's number, ours ± standard error, criterion, pass or fail."""
    table = Table(title=title, show_lines=True)
    for heading in ("claim", "paper", "ours ± s.e. (seeds)", "criterion", ""):
        table.add_column(heading, overflow="fold")
    for verdict in verdicts:
        claim, state = verdict.claim, verdict.state
        table.add_row(
            claim.text,
            f"{said(claim)}\n[dim]{claim.source}, {claim.reliability}[/dim]",
            f"{_ordered(verdict)} ({verdict.seeds})",
            claim.criterion.text,
            f"[{COLOURS[state]}]{state}[/{COLOURS[state]}]",
        )
    return table


def _ordered(verdict: Verdict) -> str:
    """An ordering is shown with commas: whether it is increasing is what the verdict says."""
    text = ours(verdict.means, verdict.errors)
    return text if verdict.passed else text.replace(" < ", ", ")


def index_table(entries: Sequence[dict[str, Any]], kind: str = "paper") -> Table:
    """Returns one line a paper (or application) and scale: cost, and how many claims passed."""
    table = Table(title=f"{kind}s: python -m experiments.reproduce NAME [--scale=SCALE]")
    for heading in (kind, "scale", "cost", "claims", "passed", "failed", "state"):
        table.add_column(heading, overflow="fold")
    for entry in entries:
        for i, (scale, found) in enumerate(entry["scales"].items()):
            state = f"run, {found['seconds']:.0f} s" if found["run"] else "not run"
            state += mark(found["dirty"])
            table.add_row(
                entry["name"] if i == 0 else "",
                scale,
                found["cost"],
                str(found["claims"]),
                str(found["passed"]) if found["run"] else "–",
                str(found["failed"]) if found["run"] else "–",
                state,
                end_section=i == len(entry["scales"]) - 1,
            )
    return table


def measured_table(title: str, rows: Sequence[Row], shown: Sequence[str]) -> Table:
    """Returns the mean of each metric of `shown`, a line a point, over seeds and what has no line.

    Points differ in the fields whose values do not differ by seed or class alone: `AVERAGED` are
    left out of a line's name.
    """
    groups: dict[tuple[str, ...], list[Row]] = {}
    fields = [f for f in dict.fromkeys(k for row in rows for k in row["point"])]
    fields = [f for f in fields if f not in AVERAGED]
    for row in rows:
        if any(name in row["metrics"] for name in shown):
            groups.setdefault(tuple(str(row["point"].get(f, "")) for f in fields), []).append(row)
    table = Table(title=title)
    for heading in (*fields, *shown, "rows"):
        table.add_column(heading, overflow="fold")
    for point, same in groups.items():
        cells = []
        for name in shown:
            found = [number(row, name) for row in same if name in row["metrics"]]
            cells.append(f"{sum(found) / len(found):.4g}" if found else "–")
        table.add_row(*point, *cells, str(len(same)))
    return table


AVERAGED = ("seed", "class", "dataset", "task")  # fields of points that a line is the mean over


def markdown(entries: Sequence[dict[str, Any]], kind: str = "paper") -> str:
    """Returns the page's table of claims: a line a claim, its state at each of its scales."""
    bar = "paper's number" if kind == "paper" else "bar"
    lines = [f"| {kind} | claim | {bar} | ours | scale | |", "|---|---|---|---|---|---|"]
    for entry in entries:
        for claim in entry["claims"]:
            for scale, state in claim["state"].items():
                number = entry["scales"][scale]["ours"].get(claim["claim"])
                cells = [number] if isinstance(number, int | float) else number or []
                measured = ", ".join(f"{v:.4g}" for v in cells if v is not None) or "–"
                memory = " (from memory)" if claim["reliability"] == "M" else ""
                lines.append(
                    f"| `{entry['name']}` | {claim['claim']} | {claim['paper']}{memory} | "
                    f"{measured} | {scale} | {state}{mark(entry['scales'][scale]['dirty'])} |"
                )
    return "\n".join(lines)
