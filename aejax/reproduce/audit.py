"""What chose the settings of a claim, read from the records: no test row may have.

A paper's file says it in `PAPER.chosen`, setting -> a key of SPLITS, its run writes it into the
record for every setting that its rows have, and each claim names the metrics by which its selectors
choose among rows. What a record does not say is listed as such: it proves nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from aejax.reproduce.select import Row

# What may have selected a setting, and what it means.
SPLITS = {
    "paper": "the paper's own value",
    "fixed": "set beforehand, by no result of ours",
    "swept": "shown at each of its values: nothing is chosen",
    "train": "chosen by training rows",
    "validation": "chosen by rows that are neither trained on nor judged",
    "test": "chosen by rows that claims are judged on: the audit fails",
}
# Fields of rows that say what is measured, and on what: none of them is tuned.
NO_SETTINGS = ("task", "dataset", "model", "method", "class", "seed", "status")


class Audit(NamedTuple):
    """What a record says of its choices.

    Attributes:
      chosen: setting -> what selected it; None where the record does not say.
      broken: a sentence for each choice by test rows, or by the metric that is judged.
      silent: claims whose record does not say by which metric they choose among rows.
      claims: how many claims the record judges.
    """

    chosen: dict[str, str | None]
    broken: list[str]
    silent: list[str]
    claims: int

    @property
    def unsaid(self) -> list[str]:
        return [name for name, split in self.chosen.items() if split is None]

    @property
    def passed(self) -> bool:
        return not (self.broken or self.silent or self.unsaid)


def settings_of(common: Mapping[str, Any], rows: Iterable[Row]) -> list[str]:
    """Returns the names of the settings that compact rows have, in order."""
    found = set(common).union(*(row["fields"] for row in rows))
    return sorted(found - set(NO_SETTINGS))


def said_of(chosen: Mapping[str, str], names: Iterable[str]) -> dict[str, str | None]:
    """Returns setting -> what selected it, or None.

    Args:
      chosen: of the paper's file: setting -> a key of SPLITS. A pattern ("args.*") speaks for all
        that are not named; of two patterns the first does. A name that no row has is a setting too:
        a constant of a task.
      names: of the settings that rows have.
    """
    patterns = [name for name in chosen if "*" in name]
    constants = [name for name in chosen if name not in patterns]
    return {
        name: chosen.get(name, next((chosen[p] for p in patterns if fnmatchcase(name, p)), None))
        for name in dict.fromkeys([*names, *constants])
    }


def audit(results: Mapping[str, Any]) -> Audit:
    """Reads what chose in a record: `results/NAME/SCALE.json`, as `results.read` returns it."""
    said = results.get("settings", {})
    names = {*settings_of(results["common"], results["rows"]), *said}
    chosen = {name: said.get(name) for name in sorted(names)}
    judged = [entry for entry in results["claims"] if entry["passed"] is not None]
    rest = f"claims that rest on it: {len(judged)}"
    broken = [
        f"{name} was chosen by test rows; {rest}" for name, by in chosen.items() if by == "test"
    ]
    for entry in judged:
        wrong = [name for name in entry.get("chosen_by", ()) if not name.startswith("valid")]
        if wrong:
            broken.append(f"claim {entry['claim']!r} chooses among rows by {', '.join(wrong)}")
    silent = [entry["claim"] for entry in judged if "chosen_by" not in entry]
    return Audit(chosen, broken, silent, len(judged))


def lines(name: str, found: Audit) -> list[str]:
    """Returns what there is to say of a record, in sentences; none where all is said and right."""
    told = [f"{name}: {sentence}." for sentence in found.broken]
    if found.unsaid:
        told.append(f"{name}: does not say what selected {', '.join(found.unsaid)}.")
    if found.silent:
        n = len(found.silent)
        told.append(f"{name}: {n} of {found.claims} claims do not say by what they choose rows.")
    return told


def summary(found: Sequence[Audit]) -> str:
    """Returns the audit's last line."""
    said = sum(len(one.chosen) - len(one.unsaid) for one in found)
    return (
        f"{sum(one.passed for one in found)} of {len(found)} records pass; "
        f"{sum(len(one.broken) for one in found)} choices by test rows; "
        f"{said} of {sum(len(one.chosen) for one in found)} settings say what selected them."
    )
