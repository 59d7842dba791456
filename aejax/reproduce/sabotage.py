"""Whether a claim can fail: its method is replaced by its control, and it must fail.

What is replaced follows from how the claim's series are made, so that every claim has a control:

- an ordering: each series by the one before it, and by the one after it;
- a difference, a ratio and other pairs: each of the two by the other;
- what the claim's file names as its control (`Claim.control`), which stands for the whole value;
- else, a neighbour: the same metric of rows that differ in the method alone.

An ordering and a pair are tried twice: with the control's own runs, which is a tie, and with its
runs of the next seed, which is a comparison of a method with itself (A/A): the differences are the
noise of the seeds and sum to zero. All four must fail. The rows are those of a record, so that the
judged quantity is what a run gives in which the method is the control.

A failure must be of what was measured: where the criterion could not pass with so many seeds
whatever they show, nothing is shown, nor where a value is not finite, unless the file names that
control.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from aejax.errors import ConfigError
from aejax.reproduce.claim import Claim
from aejax.reproduce.criteria import Criterion, Values, summarise
from aejax.reproduce.results import expand
from aejax.reproduce.select import SWEEP, Series, Where, fields_of, matches
from aejax.results.rows import Row

FAR = 1e6  # apart: what any ordering's criterion passes, if it has seeds enough
METHOD = ("method", "kind", "model")  # fields that say it, as `audit.NO_SETTINGS` has two of them


class Sabotage(NamedTuple):
    """What is judged in place of a claim's series."""

    kind: str  # a key of KINDS
    how: str
    series: tuple[Series, ...]


# In the order in which they are tried: what stands in the method's place.
KINDS = {
    "ordering": "neighbours in the ordering",
    "pair": "operands made equal",
    "control": "a named control",
    "neighbour": "another method's rows",
}


class Tried(NamedTuple):
    """A sabotage that was judged: the means of its series, and whether the claim failed."""

    sabotage: Sabotage
    means: list[float]
    failed: bool


class Proof(NamedTuple):
    """Whether a claim was shown able to fail on the rows of a record.

    Attributes:
      claim: the claim.
      passed: its own verdict; None where its data set is not there.
      shown: what was tried, up to the first neighbour that fails it.
      why_not: a sentence where nothing was shown, else empty.
    """

    claim: Claim
    passed: bool | None
    shown: tuple[Tried, ...]
    why_not: str = ""

    @property
    def able(self) -> bool:
        """Whether the claim fails as it must."""
        return not self.why_not

    @property
    def decisive(self) -> Tried | None:
        """What shows it: what the file names or a neighbour, else the first that was tried."""
        failing = [each for each in self.shown if each.failed]
        last = [each for each in failing if each.sabotage.kind in ("control", "neighbour")]
        return next(iter([*last, *failing]), None) if self.able else None

    @property
    def kind(self) -> str:
        """The kind of what shows it, or nothing."""
        return self.decisive.sabotage.kind if self.decisive else ""


def kept(series: Series) -> Series:
    """Returns the series, and its parts, with values that are selected once for the same rows."""
    found: dict[int, dict[int | None, float]] = {}

    def values(rows: Sequence[Row]) -> dict[int | None, float]:
        if id(rows) not in found:
            found[id(rows)] = series.values(rows)
        return found[id(rows)]

    return series._replace(values=values, parts=tuple(map(kept, series.parts)))


def rotated(series: Series) -> Series:
    """Returns the series with each seed's value in the place of the one before it."""

    def values(rows: Sequence[Row]) -> dict[int | None, float]:
        found = series.values(rows)
        seeds = list(found)
        moved = [found[seed] for seed in [*seeds[1:], *seeds[:1]]]
        return dict(zip(seeds, moved, strict=True))

    return Series(f"{series.label}, of the next seed", values, series.chosen_by)


def of_ordering(claim: Claim) -> Iterator[Sabotage]:
    """Yields each step of an ordering with one of its sides in the place of the other."""
    found = claim.series
    for i, (low, high) in enumerate(itertools.pairwise(found)):
        for at, control in ((i + 1, low), (i, high)):
            for put in (control, rotated(control)):
                replaced = (*found[:at], put, *found[at + 1 :])
                yield Sabotage("ordering", f"{found[at].label} := {put.label}", replaced)


def of_pair(claim: Claim) -> Iterator[Sabotage]:
    """Yields a combination of two with one of them in the place of the other."""
    for i, series in enumerate(claim.series):
        if len(series.parts) != 2 or series.made is None:
            continue
        a, b = series.parts
        for at, control in ((0, b), (1, a)):
            for put in (control, rotated(control)):
                parts = (put, b) if at == 0 else (a, put)
                made = series.made(*parts)
                replaced = (*claim.series[:i], made, *claim.series[i + 1 :])
                yield Sabotage("pair", f"{series.parts[at].label} := {put.label}", replaced)


def of_control(claim: Claim) -> Iterator[Sabotage]:
    """Yields the control that the claim names."""
    if claim.controls:
        how = f"{_labels(claim.series)} := {_labels(claim.controls)}"
        yield Sabotage("control", how, claim.controls)


def of_neighbours(claim: Claim, rows: Sequence[Row]) -> Iterator[Sabotage]:
    """Yields the claim with one pick taken of the rows of another method, else the same."""
    for i, series in enumerate(claim.series):
        for how, made in neighbours(series, rows):
            yield Sabotage("neighbour", how, (*claim.series[:i], made, *claim.series[i + 1 :]))


def neighbours(series: Series, rows: Sequence[Row]) -> Iterator[tuple[str, Series]]:
    """Yields "field=value in place of value" and the series, for one pick below it at a time."""
    assert series.made is not None
    if series.where is not None:
        for field, value in others(series.where, rows):
            how = f"{series.label}: {field}={value} in place of {series.where[field]}"
            yield how, series.made({**series.where, field: value})
        return
    for i, part in enumerate(series.parts):
        for how, made in neighbours(part, rows):
            yield how, series.made(*series.parts[:i], made, *series.parts[i + 1 :])


def others(where: Where, rows: Sequence[Row]) -> Iterator[tuple[str, object]]:
    """Yields field and value of rows that match but for this field, which says the method."""
    for field in (name for name in METHOD if name in where):
        rest = {"task": SWEEP, **{k: v for k, v in where.items() if k != field}}
        views = [view for view in map(fields_of, rows) if matches(view, rest)]
        known = dict.fromkeys(
            view[field] for view in views if isinstance(view.get(field), str | int | float)
        )
        own = {"task": SWEEP, field: where[field]}
        yield from ((field, v) for v in known if not matches({"task": SWEEP, field: v}, own))


def _labels(series: Sequence[Series]) -> str:
    return ", ".join(each.label for each in series)


def could_pass(criterion: Criterion, values: Sequence[Values]) -> bool:
    """Returns whether an ordering's criterion passes for these seeds if it holds by far."""
    if criterion.kind != "ordering":
        return True
    ideal = [dict.fromkeys(each, i * FAR) for i, each in enumerate(values)]
    return bool(criterion.passes(ideal))


def tried(claim: Claim, sabotage: Sabotage, rows: Sequence[Row]) -> Tried | str:
    """Judges a sabotage; returns a sentence where it can show nothing.

    Raises:
      ConfigError: its rows are not there.
    """
    values = [series.values(rows) for series in sabotage.series]
    means = [summarise(each).mean for each in values]
    finite = all(math.isfinite(v) for each in values for v in each.values())
    if not finite and sabotage.kind != "control":
        return f"{sabotage.how} is not finite"
    if not could_pass(claim.criterion, values):
        return f"{claim.criterion.text}: no values of these seeds pass"
    return Tried(sabotage, means, not claim.criterion.passes(values))


def proof(claim: Claim, rows: Sequence[Row]) -> Proof:
    """Judges a claim on rows with its method replaced by its control.

    Args:
      claim: the claim.
      rows: of a record, as `results.expand` returns them.

    Raises:
      ConfigError: the claim's own rows are not there, or those of the control that it names.
    """
    given, claim = claim, claim._replace(value=tuple(map(kept, claim.series)))
    passed = bool(claim.criterion.passes([series.values(rows) for series in claim.series]))
    ordering = claim.criterion.kind == "ordering"
    must = [*(of_ordering(claim) if ordering else of_pair(claim)), *of_control(claim)]
    shown: list[Tried] = []
    for sabotage in must:
        found = tried(claim, sabotage, rows)
        if isinstance(found, str):
            return Proof(given, passed, tuple(shown), found)
        shown.append(found)
    if shown and all(each.failed for each in shown):
        return Proof(given, passed, tuple(shown))
    named = [each for each in shown if each.sabotage.kind != "pair"]
    missed = next((each for each in named if not each.failed), None)
    if missed is not None:
        why = f"passes with {missed.sabotage.how}"
        return Proof(given, passed, tuple(shown), why)
    if named:  # a pair that may be equal, with a control that fails it
        return Proof(given, passed, tuple(shown))
    for sabotage in of_neighbours(claim, rows):
        try:
            found = tried(claim, sabotage, rows)
        except ConfigError:  # no such rows, or several of a seed
            continue
        if isinstance(found, Tried) and found.failed:
            return Proof(given, passed, (*shown, found))
    return Proof(given, passed, tuple(shown), "no control fails it")


def proofs(claims: Sequence[Claim], scale: str, record: Mapping[str, Any]) -> list[Proof]:
    """Returns a proof for each claim that a record judges at its scale.

    Args:
      claims: of the paper or application.
      scale: the record's.
      record: as `results.read` returns it.

    Raises:
      ConfigError: as `proof`; the message names the claim.
    """
    rows = expand(record["common"], record["rows"])
    judged = {entry["claim"] for entry in record["claims"] if entry["passed"] is not None}
    found = []
    for claim in claims:
        if scale in claim.scales and claim.text in judged:
            try:
                found.append(proof(claim, rows))
            except ConfigError as error:
                raise ConfigError(f"control of claim {claim.text!r}: {error}") from error
    return found
