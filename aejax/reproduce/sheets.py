"""The sheet of a paper or an application: figures, what holds, what does not and why, its cost."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from aejax.reproduce import pages
from aejax.reproduce.origin import is_dirty, mark, recorded_commits
from aejax.reproduce.papers import PaperFile

PICTURES = (".png", ".gif")
HEADINGS = ("claim", "criterion", "ours", "seeds", "source", "")


def _caption(figure: str, modules: Path) -> str:
    """Returns the first line of the file that draws a figure; nothing where there is none."""
    path = modules / f"{figure}.py"
    if not path.is_file():
        return ""
    return (ast.get_docstring(ast.parse(path.read_text())) or "").partition("\n\n")[0]


def _ours(claim: Mapping[str, Any]) -> str:
    numbers = claim["ours"] if isinstance(claim["ours"], list) else [claim["ours"]]
    shown = ", ".join("–" if each is None else f"{each:.4g}" for each in numbers)
    return f"{shown} ± {claim['se']:.2g}" if len(numbers) == 1 and claim.get("se") else shown


def _verdict(claim: Mapping[str, Any]) -> str:
    return {True: "holds", False: "**does not**", None: "not judged"}[claim["passed"]]


def _said(claim: Mapping[str, Any], kind: str) -> str:
    bar = "the paper" if kind == "paper" else "the bar"
    note = f" {claim['note']}" if claim.get("note") else ""
    return f"{claim['claim']} ({bar}: {claim['paper']}).{note}"


def _judged(kind: str, scale: str, record: Mapping[str, Any]) -> list[str]:
    """Returns the section of a record's claims."""
    claims = [claim for claim in record["claims"] if claim["passed"] is not None]
    held = sum(claim["passed"] for claim in claims)
    commits = ", ".join(dict.fromkeys(map(pages.short, recorded_commits(record))))
    rows = [
        (_said(c, kind), c["criterion"], _ours(c), c["seeds"], c["source"], _verdict(c))
        for c in claims
    ]
    return [
        f"## Claims at `{scale}`",
        f"{held} of {len(claims)} hold{mark(is_dirty(record))}; {record['seconds']:.0f} s of "
        f"computing, commit {commits}: `{record['command']}`",
        pages.table(HEADINGS, rows),
    ]


def sheet(
    entry: PaperFile,
    records: Mapping[str, Mapping[str, Any]],
    figures: Sequence[Path],
    modules: Path,
) -> str:
    """Returns results/NAME/README.md.

    Args:
      entry: the paper or application.
      records: its scales that were run, by name.
      figures: the files beside the records: FIGURE-SCALE.png, films and sounds.
      modules: the folder of the files that draw them.
    """
    costs = [f"- `{scale}`: {cost}" for scale, cost in entry.paper.costs.items()]
    parts = [f"# {entry.paper.title}", (entry.module.__doc__ or "").strip()]
    parts += ["## What it costs", "\n".join(costs), "## Figures" * bool(figures)]
    for path in figures:
        shown = "!" * (path.suffix in PICTURES)
        caption = _caption(path.stem.rpartition("-")[0], modules)
        parts.append(f"{shown}[{path.stem}](figures/{path.name})\n\n{caption}".strip())
    for scale, record in records.items():
        parts += _judged(entry.kind, scale, record)
    return "\n\n".join(part for part in parts if part) + "\n"
