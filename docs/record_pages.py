"""Writes the tables of pages that say what records say: `make pages`.

A table is found by its first line. What a page lacks is an error: nobody would look for it.
"""

from __future__ import annotations

import functools
import re
from pathlib import Path

from aejax.reproduce import failing, pages, papers, sheets, table

ROOT = Path(__file__).parents[1]
COUNT = r"\d+ of \d+ papers\nwere run here: \d+ of \d+ judged claims pass"
SHARE = r"^At `small` .*\.$"
ABLE = r"^\d+ of \d+ claims are shown able to fail: .*\.$"


def replaced(text: str, new: str) -> str:
    """Returns the page with its table that begins as `new` does replaced by `new`.

    Raises:
        ValueError: the page has no such table, or more than one.
    """
    first = re.escape(new.splitlines()[0])
    changed, times = re.subn(
        rf"^{first}\n(?:\|.*(?:\n|\Z))*", lambda _: f"{new}\n", text, flags=re.M
    )
    if times != 1:
        raise ValueError(f"{times} tables begin with {new.splitlines()[0]!r}. Allowed: 1")
    return changed


def tables() -> dict[str, list[str]]:
    """Returns for each page the tables that records make."""
    folders, out = [ROOT / "configs" / group for group in papers.GROUPS], ROOT / "results"
    entries = {folder.name: papers.index(folder, out) for folder in folders}
    records = {k: v for folder in folders for k, v in papers.records(folder, out).items()}
    every = [entry for group in entries.values() for entry in group]
    return {
        "README.md": [pages.passed(entries["papers"], "results", ("small", "medium"))],
        "docs/applications.md": [pages.passed(entries["applications"], "../results", ("small",))],
        "docs/claims.md": [
            table.markdown(entries["papers"]),
            table.markdown(entries["applications"], "application"),
        ],
        "docs/sabotage.md": [failing.markdown(proved())],
        "docs/records.md": [pages.origins(records), pages.counts(every), pages.choices(records)],
    }


def written() -> dict[str, str]:
    """Returns results/NAME/README.md of each paper and application that has a record."""
    found = {}
    for group in papers.GROUPS:
        folder = ROOT / "configs" / group
        for name in papers.names(folder):
            records = papers.records(folder, ROOT / "results", [name])
            if not records:
                continue
            of = {key.partition("/")[2]: record for key, record in records.items()}
            kept = (ROOT / "results" / name / "figures").glob("*")
            figures = sorted(path for path in kept if path.suffix in (*sheets.PICTURES, ".wav"))
            found[f"results/{name}/README.md"] = sheets.sheet(
                papers.load(folder, name), of, figures, ROOT / "aejax" / "figures"
            )
    return found


def judged() -> str:
    """Returns the README's count of the papers and their claims at scale small."""
    entries = papers.index(ROOT / "configs" / "papers", ROOT / "results")
    run = [entry["scales"]["small"] for entry in entries if entry["scales"]["small"]["run"]]
    passed, failed = sum(s["passed"] for s in run), sum(s["failed"] for s in run)
    return (
        f"{len(run)} of {len(entries)} papers\nwere run here: {passed} of {passed + failed} judged "
        "claims pass"
    )


def share() -> str:
    """Returns the share of all claims that pass at scale small, papers and applications."""
    counts = {}
    for group, kind in papers.GROUPS.items():
        entries = papers.index(ROOT / "configs" / group, ROOT / "results")
        found = [entry["scales"]["small"] for entry in entries if entry["scales"]["small"]["run"]]
        passed = sum(scale["passed"] for scale in found)
        counts[kind] = passed, passed + sum(scale["failed"] for scale in found)
    counts["all"] = tuple(map(sum, zip(*counts.values(), strict=True)))
    said = {kind: f"{n} of {m} ({100 * n / m:.0f} %)" for kind, (n, m) in counts.items()}
    return (
        f"At `small` {said['all']} judged claims pass: {said['paper']} of the papers, "
        f"{said['application']} of the applications."
    )


@functools.cache
def proved() -> tuple[failing.Line, ...]:
    """Returns for each claim of each record whether it was shown able to fail."""
    folders = [ROOT / "configs" / group for group in papers.GROUPS]
    return tuple(failing.all_of(folders, ROOT / "results"))


def lines() -> dict[str, list[tuple[str, str]]]:
    """Returns for each page the lines that records make: what each is found by, and the line."""
    return {
        "README.md": [(COUNT, judged())],
        "docs/claims.md": [(SHARE, share())],
        "docs/sabotage.md": [(ABLE, failing.summary(proved()))],
    }


def main() -> None:
    for name, new in tables().items():
        path = ROOT / name
        text = path.read_text()
        for each in new:
            text = replaced(text, each)
        path.write_text(text)
    for name, text in written().items():
        (ROOT / name).write_text(text)
    for name, found in lines().items():
        text = (ROOT / name).read_text()
        for pattern, line in found:
            text = re.sub(pattern, lambda _, line=line: line, text, flags=re.M)
        (ROOT / name).write_text(text)


if __name__ == "__main__":
    main()
