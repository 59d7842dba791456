"""Tables of claims: in the terminal, and as Markdown for the README."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from rich.markup import escape
from rich.table import Table

from aejax.reproduce import intervals
from aejax.reproduce.claim import Claim
from aejax.reproduce.origin import mark
from aejax.reproduce.results import Verdict, claim_entry
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
    """Returns claim, paper's number, ours ± standard error with interval, criterion, pass or fail.

    Below ours stands the interval of the differences by seed (of the level, where it is one) and
    the smallest effect that these seeds could have shown; see `intervals`.
    """
    caption = f"intervals: {intervals.METHOD}; {_compared(verdicts)}"
    table = Table(title=title, show_lines=True, caption=caption)
    for heading in ("claim", "paper", "ours ± s.e. (seeds)", "criterion", ""):
        table.add_column(heading, overflow="fold")
    for verdict in verdicts:
        claim, state = verdict.claim, verdict.state
        table.add_row(
            claim.text,
            f"{said(claim)}\n[dim]{claim.source}, {claim.reliability}[/dim]",
            f"{_ordered(verdict)} ({verdict.seeds})\n[dim]{_interval(verdict)}[/dim]",
            claim.criterion.text,
            f"[{COLOURS[state]}]{state}[/{COLOURS[state]}]",
        )
    return table


def _compared(verdicts: Sequence[Verdict]) -> str:
    n = intervals.comparisons([claim_entry(verdict) for verdict in verdicts])
    return f"{n} comparison{'' if n == 1 else 's'}, uncorrected"


def _interval(verdict: Verdict) -> str:
    """The intervals, escaped: rich takes a bracket for markup."""
    found = verdict.effects
    if not any(found):
        return "no interval: fewer than two seeds, or diverged"
    by = "by seed, " if verdict.claim.criterion.kind == "ordering" else ""
    text = intervals.said(found, verdict.claim.criterion.kind)
    return escape(f"{by}{text}; smallest effect {intervals.smallest_said(found)}")


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


def effects_of(found: Mapping[str, Any], claim: str) -> list[intervals.Effect | None]:
    """Returns a claim's intervals of one scale of the index."""
    return [each and intervals.Effect(**each) for each in found["effects"].get(claim, ())]


AVERAGED = ("seed", "class", "dataset", "task")  # fields of points that a line is the mean over


def markdown(entries: Sequence[dict[str, Any]], kind: str = "paper") -> str:
    """Returns the page's table of claims: a line a claim, its state at each of its scales."""
    bar = "paper's number" if kind == "paper" else "bar"
    lines = [
        f"| {kind} | claim | {bar} | ours | interval | smallest effect | scale | |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for entry in entries:
        for claim in entry["claims"]:
            for scale, state in claim["state"].items():
                found = entry["scales"][scale]
                marked = mark(found["dirty"])
                number = found["ours"].get(claim["claim"])
                cells = [number] if isinstance(number, int | float) else number or []
                measured = ", ".join(f"{v:.4g}" for v in cells if v is not None) or "–"
                effects = effects_of(found, claim["claim"])
                interval = intervals.said(effects, claim["kind"]) or "–"
                smallest = intervals.smallest_said(effects) or "–"
                memory = " (from memory)" if claim["reliability"] == "M" else ""
                lines.append(
                    f"| `{entry['name']}` | {claim['claim']} | {claim['paper']}{memory} | "
                    f"{measured} | {interval} | {smallest} | {scale} | {state}{marked} |"
                )
    return "\n".join(lines)
