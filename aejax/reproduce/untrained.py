"""A paper or application run at smoke scale with training switched off: its claims must fail.

Each network keeps the weights that it was drawn with, and everything else is as in any run. A claim
of another scale is read from these rows where they have what it measures: the data set, the size of
a code and other settings are those at hand, the task, the method and the metric its own. What
passes all the same says nothing of training: a closed form, a baseline, a control.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from aejax.errors import ConfigError
from aejax.reproduce.claim import Claim
from aejax.reproduce.papers import PaperFile, configure, measure
from aejax.reproduce.results import compact, expand, rounded
from aejax.reproduce.sabotage import METHOD, could_pass
from aejax.reproduce.select import Series, Where, fields_of, select
from aejax.results.rows import Row
from aejax.train.optimizers import switched_off

MOST = 100  # copies of a seed
Values = list[dict[str, float | None]]  # of each series of a claim: seed -> value


def run(entry: PaperFile, workdir: Path, console: Console, **practical: Any) -> list[Row]:
    """Runs the smoke scale without training; returns its rows.

    Args:
      entry: the paper's or application's file.
      workdir: of this run alone: its rows must never be taken for trained ones.
      console: gets a line a task.
      practical: `data_dir` and the like.
    """
    with switched_off():
        return measure(entry, configure(entry, "smoke", **practical), workdir, console)


def at_hand(series: Series, rows: Sequence[Row]) -> Series:
    """Returns the series of rows of the same task and method, whose other fields differ."""
    if series.made is None:
        return series
    if series.where is None:
        return series.made(*(at_hand(part, rows) for part in series.parts))
    where = {name: v for name, v in series.where.items() if name in ("task", "seed", *METHOD)}
    for name in (name for name in series.where if name not in where):
        tried = {**where, name: series.where[name]}
        if not select(rows, tried):
            values = [fields_of(row)[name] for row in select(rows, where) if name in fields_of(row)]
            tried = {**where, name: values[0]} if values else where
        where = tried
    return series.made(where)


def leaves(series: Series) -> list[Where]:
    """Returns what the picks select by of which a series is made."""
    if series.where is not None:
        return [series.where]
    return [where for part in series.parts for where in leaves(part)]


def values_of(claim: Claim, rows: Sequence[Row]) -> Values | None:
    """Returns what a claim would be judged by, or None where the rows do not have it.

    A field in which the claim's own picks differ is what it compares: k = 25 with k = 40, where the
    rows have 25 and 10, is not at hand.
    """
    found = [at_hand(series, rows) for series in claim.series]
    asked = [where for series in claim.series for where in leaves(series)]
    taken = [where for series in found for where in leaves(series)]
    for before, after in zip(asked, taken, strict=True):
        moved = [name for name in before if repr(before[name]) != repr(after.get(name))]
        if any(
            repr(other[name]) != repr(before[name])
            for name in moved
            for other in asked
            if name in other
        ):
            return None
    try:
        values = [each.values(rows) for each in found]
    except ConfigError:
        return None
    return [{str(seed): rounded(float(v)) for seed, v in each.items()} for each in values]


def described(claims: Sequence[Claim], rows: Sequence[Row]) -> dict[str, Values]:
    """Returns claim -> values, of those that the rows can judge."""
    common, small = compact(rows)
    found = {claim.text: values_of(claim, expand(common, small)) for claim in claims}
    return {text: values for text, values in found.items() if values is not None}


def state(claim: Claim, values: Mapping[str, Values]) -> str:
    """Returns "fails", "passes", or why the run without training says nothing of the claim."""
    found = values.get(claim.text)
    if found is None:
        return "not at smoke"
    plain: list[dict[int | None, float]] = [
        {
            int(seed) if seed != "None" else None: math.nan if v is None else v
            for seed, v in of.items()
        }
        for of in found
    ]
    if not all(math.isfinite(v) for series in plain for v in series.values()):
        return "not finite"
    return "passes" if claim.criterion.passes(_filled(claim, plain)) else "fails"


def _filled(
    claim: Claim, values: list[dict[int | None, float]]
) -> Sequence[Mapping[int | None, float]]:
    """Repeats the seeds until there are enough for an ordering: smoke has one or two.

    Copies have no spread, so that the ordering passes wherever its direction is right.
    """
    most = max(len(series) for series in values)
    columns = [[*series.values()] * (most if None in series else 1) for series in values]
    for copies in range(1, MOST + 1):
        filled = [dict[int | None, float](enumerate(column * copies)) for column in columns]
        if could_pass(claim.criterion, filled):
            return filled
    return values
