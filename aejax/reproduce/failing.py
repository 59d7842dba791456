"""Which claims were shown able to fail, of all records: sentences, counts and the page's table."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from aejax.errors import ConfigError
from aejax.io import write_whole
from aejax.reproduce import papers, untrained
from aejax.reproduce.pages import escaped, table
from aejax.reproduce.results import read
from aejax.reproduce.sabotage import KINDS, Proof, proofs

UNTRAINED = "untrained.json"  # in the folder of results: what smoke runs without training gave


class Line(NamedTuple):
    """One claim of one record: whether it fails with its method replaced, and without training."""

    name: str
    scale: str
    proof: Proof
    untrained: str


def read_untrained(results: Path) -> dict[str, Any]:
    """Returns name -> commit and values of the claims of its run without training.

    Raises:
      ConfigError: the file is none of these.
    """
    path = results / UNTRAINED
    if not path.is_file():
        return {}
    try:
        found = json.loads(path.read_text())
        return {name: {"commit": e["commit"], "claims": e["claims"]} for name, e in found.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(
            f"{path} is no file of untrained runs ({error!r}). Allowed: one that "
            "`reproduce NAME --sabotage` wrote."
        ) from error


def write_untrained(results: Path, name: str, entry: Mapping[str, Any]) -> Path:
    """Writes what the run of a name gave beside what other names' runs did; a line a claim."""
    found = dict(sorted({**read_untrained(results), name: entry}.items()))
    parts = []
    for each, of in found.items():
        lines = ",\n   ".join(
            f"{json.dumps(text)}: {json.dumps(values, allow_nan=False)}"
            for text, values in of["claims"].items()
        )
        head = f' {json.dumps(each)}: {{"commit": {json.dumps(of["commit"])}, "claims": {{'
        parts.append(f"{head}\n   {lines}\n }}}}" if lines else f"{head}}}}}")
    results.mkdir(parents=True, exist_ok=True)
    path = results / UNTRAINED
    write_whole(path, "{\n" + ",\n".join(parts) + "\n}\n")
    return path


def judged(entry: papers.PaperFile, results: Path) -> list[Line]:
    """Returns a line for each claim of each record of a paper or an application.

    Raises:
      ConfigError: a control's rows are not in a record.
    """
    values = read_untrained(results).get(entry.name, {"claims": {}})["claims"]
    found = []
    for scale in entry.paper.scales:
        record = read(results / entry.name / f"{scale}.json")
        found += [
            Line(entry.name, scale, each, untrained.state(each.claim, values))
            for each in (proofs(entry.claims, scale, record) if record else ())
        ]
    return found


def all_of(folders: Iterable[Path], results: Path) -> list[Line]:
    """Returns the lines of all papers and applications, in the folders' order."""
    entries = [papers.load(folder, name) for folder in folders for name in papers.names(folder)]
    return [line for entry in entries for line in judged(entry, results)]


def unable(found: Sequence[Line]) -> list[str]:
    """Returns a sentence for each claim that no control fails."""
    return [
        f"{line.name}, {line.scale}: {line.proof.claim.text!r}: {line.proof.why_not}"
        for line in found
        if not line.proof.able
    ]


def summary(found: Sequence[Line]) -> str:
    """Returns the counts: of claims, each in each of its records."""
    kinds = Counter(line.proof.kind for line in found if line.proof.able)
    said = ", ".join(f"{kinds[kind]} by {what}" for kind, what in KINDS.items() if kinds[kind])
    states = Counter(line.untrained for line in found)
    return (
        f"{sum(kinds.values())} of {len(found)} claims are shown able to fail: {said}. "
        f"Of {states['fails'] + states['passes']} that a smoke run without training can judge, "
        f"{states['fails']} fail there."
    )


def markdown(found: Sequence[Line]) -> str:
    """Returns the page's table, a line a claim and record."""
    headings = ("file", "claim", "scale", "verdict", "in place of the method", "then",
                "criterion", "fails", "untrained")  # fmt: skip
    return table(headings, [_cells(line) for line in found])


def _cells(line: Line) -> tuple[str, ...]:
    proof = line.proof
    last = proof.decisive
    how = proof.why_not if last is None else last.sabotage.how
    if last is not None and last.sabotage.kind == "ordering":
        how = f"each by its neighbour, {len(proof.shown)} times"
    means = "" if last is None else ", ".join(f"{mean:.4g}" for mean in last.means)
    return (
        f"`{line.name}`", escaped(proof.claim.text), line.scale,
        "pass" if proof.passed else "fail", escaped(how), means, proof.claim.criterion.text,
        "yes" if proof.able else "**no**", line.untrained,
    )  # fmt: skip
