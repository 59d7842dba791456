"""From rows to values by seed: which rows, which metric, and simple combinations of both."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple

from aejax.errors import ConfigError, nearest
from aejax.results.rows import Row, number

Where = Mapping[str, Any]
SWEEP = "sweep"  # the `task` of a row that a sweep wrote


class Series(NamedTuple):
    """A quantity: `values(rows) -> {seed: value}`; seed None stands for all seeds.

    `chosen_by` names the metrics by which it takes one row of several; the audit reads them. How it
    was made is kept, so that it can be made of other rows (`sabotage`): `where` of a pick, the
    `parts` of a combination, and `made`, which makes the series of another `where` or other parts.
    """

    label: str
    values: Callable[[Sequence[Row]], dict[int | None, float]]
    chosen_by: tuple[str, ...] = ()
    where: Where | None = None
    parts: tuple[Series, ...] = ()
    made: Callable[..., Series] | None = None


class NoRowsError(ConfigError):
    """A selector that no row matches."""


def fields_of(row: Row) -> dict[str, Any]:
    """Returns what a row can be selected by, under the names that a sweep's points use.

    `task` is "sweep", or the task that measured the row; `hp.*`, `args.*`, `steps`, `batch_size`
    and so on are those of the run; a measured row has the fields of its point.
    """
    if "fields" in row:  # a compact row of results/NAME/SCALE.json
        return row["fields"]
    spec = dict(row.get("spec") or {})
    found = {"task": SWEEP, "model": row.get("model"), "dataset": row.get("dataset")}
    found |= {f"args.{name}": value for name, value in (spec.pop("args", None) or {}).items()}
    found |= {name: value for name, value in spec.items() if name not in found}
    found |= {f"hp.{name}": value for name, value in (row.get("hp") or {}).items()}
    found |= row.get("point") or {}
    return {**found, "seed": row.get("seed"), "status": row.get("status")}


def matches(fields: Where, where: Where) -> bool:
    """Returns whether a row's fields are as asked; a set, list, tuple or range allows several.

    A row that does not have the field matches None alone. Without `task`, rows of the sweep match.
    """
    asked = {"task": SWEEP, **where}
    return all(_agrees(fields.get(name), wanted) for name, wanted in asked.items())


def _agrees(value: Any, wanted: Any) -> bool:
    if isinstance(value, list):  # JSON has no tuples
        return list(wanted) == value if isinstance(wanted, list | tuple) else False
    if isinstance(wanted, list | tuple | set | frozenset | range):
        return any(_agrees(value, each) for each in wanted)
    if isinstance(value, float) and isinstance(wanted, int | float):
        # Hyper-parameters pass through JSON, and results keep a few digits fewer.
        return math.isclose(value, wanted, rel_tol=1e-6)
    return value == wanted and isinstance(value, bool) == isinstance(wanted, bool)


def select(rows: Sequence[Row], where: Where) -> list[Row]:
    """Returns the rows that match."""
    return [row for row in rows if matches(fields_of(row), where)]


def pick(
    metric: str,
    where: Where,
    *,
    choose: str | None = None,
    reduce: Callable[[Collection[float]], float] | None = None,
    label: str | None = None,
) -> Series:
    """Returns the series of a metric over the rows that match, one value a seed.

    Args:
      metric: its name in `row["metrics"]`.
      where: field -> value, or a collection of allowed values; see `fields_of`.
      choose: where several rows of a seed match, the one that is lowest in this metric (for
        instance a validation error) is taken.
      reduce: where several rows of a seed match, what makes one number of theirs.
      label: for the table; by default metric and fields.
    """
    named = ", ".join(f"{name}={value}" for name, value in where.items())

    def values(rows: Sequence[Row]) -> dict[int | None, float]:
        found: dict[int | None, list[Row]] = {}
        for row in select(rows, where):
            found.setdefault(fields_of(row).get("seed"), []).append(row)
        if not found:
            raise NoRowsError(_nothing(rows, where, named))
        # A metric that is finite in none of these rows is not in them, but in others of the task.
        task = {"task": where.get("task", SWEEP)}
        known = lambda: {name for row in select(rows, task) for name in row["metrics"]}
        single = lambda same: _single(metric, same, known, named, choose, reduce)
        return {seed: single(same) for seed, same in found.items()}

    extreme = (metric,) if reduce in (min, max) else ()
    again = lambda where: pick(metric, where, choose=choose, reduce=reduce)
    chosen_by = (choose,) if choose else extreme
    return Series(label or f"{metric} [{named}]", values, chosen_by, where, made=again)


def _single(
    metric: str,
    rows: list[Row],
    known: Callable[[], Collection[str]],
    named: str,
    choose: Any,
    reduce: Any,
) -> float:
    mine = {name for row in rows for name in row["metrics"]}
    for name in (metric, *([choose] if choose else [])):
        ok = any(row.get("status", "ok") == "ok" for row in rows)
        if name not in mine and ok and name not in known():
            raise ConfigError(
                f"metric {name!r} is in no row of {named}.{nearest(name, mine)} "
                f"Allowed: {', '.join(sorted(mine))}."
            )
    if reduce:
        return float(reduce([number(row, metric) for row in rows]))
    if choose:
        ranked = [row for row in rows if not math.isnan(number(row, choose))]
        rows = [min(ranked, key=lambda row: number(row, choose))] if ranked else rows[:1]
    if len(rows) > 1:
        raise ConfigError(
            f"selector {named} matches {len(rows)} rows of one seed. Allowed: one; say more "
            "fields, or choose= or reduce=."
        )
    return number(rows[0], metric)


def _nothing(rows: Sequence[Row], where: Where, named: str) -> str:
    """Says which field of a selector is to blame, where one is."""
    views = [fields_of(row) for row in rows]
    for name, wanted in {"task": SWEEP, **where}.items():
        held = {repr(fields[name]) for fields in views if name in fields}
        if not any(_agrees(fields.get(name), wanted) for fields in views):
            known = {each for fields in views for each in fields}
            hint = nearest(name, known) if not held else ""
            said = f"has {', '.join(sorted(held)[:8])}" if held else f"is in no row.{hint}"
            return f"selector {named} matches no row: field {name!r} {said}."
    return f"selector {named} matches no row: no row has all of these."


def combine(label: str, fn: Callable[..., float], *series: Series) -> Series:
    """Returns the series `fn(a, b, ...)`, paired by seed; one without seeds stands for all.

    Raises (when evaluated):
      ConfigError: the series have different seeds.
    """

    def values(rows: Sequence[Row]) -> dict[int | None, float]:
        found = [each.values(rows) for each in series]
        seeds = next((set(v) for v in found if set(v) != {None}), {None})
        for each, one in zip(series, found, strict=True):
            if set(one) not in ({None}, seeds):
                raise ConfigError(
                    f"{label}: {each.label} has seeds {sorted(map(str, one))}, not "
                    f"{sorted(map(str, seeds))}. Allowed: series of the same seeds."
                )
        ordered = sorted(seeds, key=lambda seed: (seed is None, seed))
        return {seed: float(fn(*(v.get(seed, v.get(None)) for v in found))) for seed in ordered}

    again = lambda *parts: combine(label, fn, *parts)
    return Series(label, values, chosen_by_any(series), parts=series, made=again)


def chosen_by_any(series: Sequence[Series]) -> tuple[str, ...]:
    """Returns the metrics by which any of the series chooses, once each."""
    return tuple(dict.fromkeys(name for each in series for name in each.chosen_by))


def difference(a: Series, b: Series, label: str | None = None) -> Series:
    """Returns a - b, paired by seed."""
    return combine(label or f"{a.label} - {b.label}", lambda x, y: x - y, a, b)


def ratio(a: Series, b: Series, label: str | None = None) -> Series:
    """Returns a / b, paired by seed; NaN where b is zero."""
    return combine(label or f"{a.label} / {b.label}", lambda x, y: x / y if y else math.nan, a, b)
