"""Markdown of the records: where they came from, how many comparisons, what chose settings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from aejax.reproduce.audit import audit
from aejax.reproduce.origin import NO_COMMIT, NOT_RECORDED, is_dirty, recorded_commits

Records = Mapping[str, Mapping[str, Any]]  # "NAME/SCALE" -> results


def escaped(text: str) -> str:
    """Returns text as it may stand in a cell: |cos| is no end of one."""
    return text.replace("|", "\\|")


def table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [f"| {' | '.join(headings)} |", "|" + "---|" * len(headings)]
    return "\n".join([*lines, *(f"| {' | '.join(map(str, row))} |" for row in rows)])


def _of_runs(results: Mapping[str, Any], show: Any) -> str:
    """Returns what differs between the runs of a record, once each."""
    found = dict.fromkeys(str(show(run)) for run in results.get("runs", ()))
    return ", ".join(found) or NOT_RECORDED


def _computer(run: Mapping[str, Any]) -> str:
    return f"{run['machine']['processor']}, {run['machine']['cores']} cores"


def _load(run: Mapping[str, Any]) -> str:
    load = run["machine"]["load"]
    return NOT_RECORDED if load is None else f"{load:g}"


def _tree(results: Mapping[str, Any]) -> str:
    if is_dirty(results):
        return "dirty"
    return "unknown" if NO_COMMIT in recorded_commits(results) else "clean"


def short(commit: str) -> str:
    return commit if commit == NO_COMMIT else commit.partition("+")[0][:10]


def _seconds(value: float | None) -> str:
    return NOT_RECORDED if value is None else f"{value:.0f}"


def origins(records: Records) -> str:
    """Returns commit, tree, machine, load, versions, seconds and data, a line a record."""
    headings = ("record", "commit", "tree", "machine", "load at start", "JAX", "wall s",
                "compute s", "data")  # fmt: skip
    return table(
        headings,
        [
            (
                f"`{name}`",
                ", ".join(dict.fromkeys(map(short, recorded_commits(results)))),
                _tree(results),
                _of_runs(results, _computer),
                _of_runs(results, _load),
                results.get("versions", {}).get("jax", NOT_RECORDED),
                _seconds(results.get("wall_seconds")),
                _seconds(results.get("seconds")),
                "; ".join(f"{k} {', '.join(v)}" for k, v in results.get("data", {}).items())
                or NOT_RECORDED,
            )
            for name, results in records.items()
        ],
    )


def passed(entries: Sequence[Mapping[str, Any]], results: str, scales: Sequence[str]) -> str:
    """Returns how many claims passed, a line a paper or application, a column a scale.

    Args:
      entries: of one kind, as `papers.index` has them.
      results: the folder of the records, from the page.
      scales: the first is the one that all have.
    """
    first, *others = scales

    def cell(entry: Mapping[str, Any], scale: str) -> str:
        found = entry["scales"].get(scale, {"run": False})
        if not found["run"]:
            return "–"
        of = found["passed"] + found["failed"]
        link = f"[{found['passed']} of {of}]({results}/{entry['name']}/{scale}.json)"
        return f"{link}, {found['seconds']:.0f} s{', dirty tree' * found['dirty']}"

    def sheet(entry: Mapping[str, Any]) -> str:
        name = f"`{entry['name']}`"
        run = any(found["run"] for found in entry["scales"].values())
        return f"[{name}]({results}/{entry['name']}/README.md)" if run else name

    return table(
        (entries[0]["kind"], f"claims at `{first}`: passed", *(f"at `{s}`" for s in others)),
        [(f"{sheet(e)}: {e['title']}", *(cell(e, scale) for scale in scales)) for e in entries],
    )


def counts(entries: Sequence[Mapping[str, Any]]) -> str:
    """Returns how many comparisons a record makes, and what its orderings' intervals say."""
    headings = ("record", "comparisons", "steps of orderings", "interval above zero",
                "also all together", "interval below zero")  # fmt: skip
    return table(
        headings,
        [
            (f"`{entry['name']}/{scale}`", found["comparisons"], *found["tally"].values())
            for entry in entries
            for scale, found in entry["scales"].items()
            if found["run"]
        ],
    )


def _names(unsaid: Sequence[str], settings: int) -> str:
    if len(unsaid) == settings:
        return f"all {settings} settings" if unsaid else "none"
    return ", ".join(f"`{name}`" for name in unsaid) or "none"


def choices(records: Records) -> str:
    """Returns what selected each setting, a line a record: the audit."""
    rows = []
    for name, results in records.items():
        found = audit(results)
        said = {k: v for k, v in found.chosen.items() if v is not None}
        rows.append(
            (
                f"`{name}`",
                "; ".join(f"`{k}`: {v}" for k, v in said.items()) or "none",
                _names(found.unsaid, len(found.chosen)),
                f"{found.claims - len(found.silent)} of {found.claims}",
                "; ".join(found.broken) or "none known",
            )
        )
    headings = ("record", "selected by", "does not say", "claims that say how they choose rows",
                "chosen by test rows")  # fmt: skip
    return table(headings, rows)
