"""What a run of the benchmark leaves: a table, a JSON file, ratios against an older file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.table import Table

from aejax.benchmark import costs, machine
from aejax.benchmark.contest import Case
from aejax.benchmark.shares import CEILINGS
from aejax.errors import ConfigError
from aejax.io import write_whole
from aejax.results import environment


def record(cases: Sequence[Case]) -> dict[str, Any]:
    """Returns the run as JSON holds it: machine, versions, flags and cases."""
    return {
        "machine": machine.machine(),
        "versions": environment.versions(),
        "git": environment.git_commit(),
        "flags": machine.flags(),
        "cases": [case._asdict() for case in cases],
    }


def write(path: Path, cases: Sequence[Case]) -> None:
    """Writes the record, whole or not at all."""
    write_whole(path, json.dumps(record(cases), indent=1, allow_nan=False) + "\n")


def read(path: str, field: str = "compare") -> list[Case]:
    """Returns the cases of a record.

    Args:
      path: of the record.
      field: what named it, for the message.

    Raises:
      ConfigError: no such file, or no record of a benchmark.
    """
    try:
        cases = json.loads(Path(path).read_text())["cases"]
        return [Case(**case) for case in cases]
    except OSError:
        raise ConfigError(
            f"{field}={path!r} is no file. Allowed: a file that --json has written."
        ) from None
    except (KeyError, TypeError, ValueError):
        raise ConfigError(
            f"{field}={path!r} holds no benchmark. Allowed: a file that --json has written."
        ) from None


def table(cases: Sequence[Case]) -> Table:
    """Returns the cases, one a line; ratios above 1 are in our favour."""
    drawn = Table(title="Benchmark: medians over rounds, ratios within rounds")
    for name in ("suite", "case", "unit", "ours", "peer", "peer's", "ratio", "value, peer's"):
        drawn.add_column(name, justify="left" if name in ("suite", "case", "peer") else "right")
    for case in cases:
        values = (case.detail.get("ours_final"), case.detail.get("peer_final"))
        drawn.add_row(
            case.suite,
            case.case,
            case.unit,
            f"{case.ours:,.4g}",
            case.peer,
            f"{case.peer_value:,.4g}",
            f"{case.ratio:.2f} ({case.ratio_low:.2f}-{case.ratio_high:.2f})",
            ", ".join("-" if v is None else f"{v:.5g}" for v in values) if any(values) else "",
        )
    return drawn


def cost_table(cases: Sequence[Case]) -> Table:
    """Returns what our own programs take, a line a contest."""
    drawn = Table(title="What ours takes")
    for name in costs.HEADER:
        drawn.add_column(name, justify="left" if name in ("case", "unit") else "right")
    for row in costs.rows(cases):
        drawn.add_row(*row)
    return drawn


def cost_markdown(cases: Sequence[Case]) -> str:
    """Returns the same for README."""
    lines = (costs.HEADER, ("---",) * len(costs.HEADER), *costs.rows(cases))
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def markdown(cases: Sequence[Case]) -> str:
    """Returns the cases against peers as README's table.

    Three digits, the ratios of all rounds in brackets. Shares of the ceiling are in
    `cost_markdown`.
    """

    def rate(value: float) -> str:
        return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"

    def ratio(value: float) -> str:
        return f"{value:.2f}" if value < 10 else f"{value:.0f}"

    lines = [
        "| case | unit | aejax | against | | ratio (all rounds) |",
        "|---|---|---|---|---|---|",
    ]
    for case in [case for case in cases if case.peer not in CEILINGS.values()]:
        low, high = ratio(case.ratio_low), ratio(case.ratio_high)
        cells = (
            case.case,
            case.unit,
            rate(case.ours),
            case.peer,
            rate(case.peer_value),
            f"**{ratio(case.ratio)}** ({low} to {high})",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def comparison(old: Sequence[Case], new: Sequence[Case]) -> Table:
    """Returns how each case of both runs has changed: new over old, for ours and for the ratio."""
    before = {(c.suite, c.case, c.peer): c for c in old}
    drawn = Table(title="New over old; above 1 is faster")
    for name in ("suite", "case", "peer", "ours", "ratio to the peer"):
        drawn.add_column(name)
    for case in new:
        was = before.get((case.suite, case.case, case.peer))
        if was is None:
            continue
        drawn.add_row(
            case.suite,
            case.case,
            case.peer,
            f"{case.ours / was.ours:.2f}",
            f"{case.ratio / was.ratio:.2f}",
        )
    return drawn
