"""Two quantities traded against each other: the variants that no other beats in both.

A config declares the pair, `pareto=("kl_nats", "rec_nats")`; it is found in the rows.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from aejax.errors import ConfigError, nearest
from aejax.results.rows import HIGHER_IS_BETTER, Row, diverged, number, variants

# What a row says of a member besides its metrics and settings.
FACTS = {"parameters": "parameters", "flops": "floating-point operations of a step's program"}


class Spread(NamedTuple):
    """A quantity over a variant's seeds: mean, sample standard deviation (NaN of one), values."""

    mean: float
    deviation: float
    values: tuple[float, ...]


class Traded(NamedTuple):
    """A variant among the traded ones.

    Attributes:
      label, model, dataset: of the variant.
      x, y: over its seeds that ended well and have both.
      ids: of those seeds' members.
      on_front: no other variant of its data set is as good in both and better in one.
      diverged: members that are left out because they diverged.
      missing: members that ended well and lack a quantity.
    """

    label: str
    model: str
    dataset: str
    x: Spread
    y: Spread
    ids: tuple[str, ...]
    on_front: bool
    diverged: int
    missing: int


class Trade(NamedTuple):
    """What a declared pair comes to.

    Attributes:
      names: as declared.
      read: the names that were read of the rows, such as `valid_kl_nats`.
      points: variants with a value of both, in the order of `variants`.
      left_out: labels of variants without, with the reason.
    """

    names: tuple[str, str]
    read: tuple[str, str]
    points: tuple[Traded, ...]
    left_out: dict[str, str]


def front(x: Sequence[float], y: Sequence[float]) -> np.ndarray:
    """Returns which points [n] no other point dominates; lower is better in both.

    A point dominates another if it is as good in both and better in one. Equal points are on the
    front together. Points with a NaN or an infinity are on no front and dominate nothing.

    Args:
      x, y: values [n].
    """
    points = np.stack([np.asarray(x, np.float64), np.asarray(y, np.float64)])
    on = np.zeros(points.shape[1], bool)
    lowest = math.inf
    finite = np.flatnonzero(np.isfinite(points).all(0))
    across, down = points
    for value in np.unique(across[finite]):  # from the left: only those before can dominate
        here = finite[across[finite] == value]
        low = down[here].min()
        if low < lowest:
            on[here[down[here] == low]] = True
            lowest = low
    return on


def sign(name: str) -> float:
    """Returns -1 for what is better the higher it is, such as a bound, else 1."""
    return -1.0 if name.endswith(HIGHER_IS_BETTER) else 1.0


def allowed(metrics: Iterable[str], settings: Iterable[str]) -> list[str]:
    """Returns the names that may be declared: metrics without their split, facts, settings.

    Args:
      metrics: as rows have them, `valid_kl_nats`, or bare.
      settings: dotted, `hp.lr` or `args.latent`.
    """
    bare = (name.removeprefix("valid_").removeprefix("test_") for name in metrics)
    return list(dict.fromkeys([*bare, *FACTS, *settings]))


def check(names: Any, possible: Sequence[str]) -> tuple[str, str]:
    """Returns a declared pair.

    Args:
      names: as declared.
      possible: from `allowed`.

    Raises:
      ConfigError: no two different names, or one that no row has.
    """
    pair = tuple(names) if isinstance(names, list | tuple) else (names,)
    if len(pair) != 2 or pair[0] == pair[1] or not all(isinstance(n, str) for n in pair):
        raise ConfigError(
            f"config.pareto={names!r} is no pair. Allowed: two different names, such as "
            "('kl_nats', 'rec_nats')."
        )
    for name in pair:
        if name not in possible:
            raise ConfigError(
                f"config.pareto={name!r} is in no row of this sweep.{nearest(name, possible)} "
                f"Allowed: {', '.join(possible)}."
            )
    return pair[0], pair[1]


def settings_of(row: Row) -> dict[str, float]:
    """Returns a row's numeric settings by their dotted names: `hp.lr`, `args.latent`."""
    args = (row.get("spec") or {}).get("args") or {}
    both = {f"args.{k}": v for k, v in args.items()} | {
        f"hp.{k}": v for k, v in (row.get("hp") or {}).items()
    }
    return {
        name: float(value)
        for name, value in both.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }


def trade(rows: Sequence[Row], names: Sequence[str]) -> Trade:
    """Finds the front of the variants' means over seeds, within each data set.

    A metric is the validation rows' where any row has it (a front is a choice), else the test
    rows'. Diverged members, and those without a finite value of both, are left out and counted.

    Args:
      rows: of a sweep.
      names: the pair, as declared.

    Raises:
      ConfigError: as `check`.
    """
    metrics = [name for row in rows for name in row.get("metrics") or {}]
    first, second = check(names, allowed(metrics, [n for row in rows for n in settings_of(row)]))
    read = (_read(first, metrics), _read(second, metrics))
    points: list[Traded] = []
    left_out: dict[str, str] = {}
    for variant in variants(rows):
        ended = [row for row in variant.rows if not diverged(row)]
        pairs = {str(row["id"]): [_value(row, name) for name in read] for row in ended}
        kept = {key: pair for key, pair in pairs.items() if np.isfinite(pair).all()}
        lost = len(variant.rows) - len(ended)
        if not kept:
            lacking = [n for n, at in zip(read, (0, 1), strict=True) if _none(pairs.values(), at)]
            left_out[variant.label] = f"has no {' and no '.join(lacking)}" if ended else "diverged"
            continue
        x, y = (_spread([pair[at] for pair in kept.values()]) for at in (0, 1))
        dataset = str(variant.rows[0].get("dataset"))
        points.append(
            Traded(
                label=variant.label, model=variant.model, dataset=dataset, x=x, y=y,
                ids=tuple(kept), on_front=False, diverged=lost, missing=len(ended) - len(kept),
            )
        )  # fmt: skip
    return Trade((first, second), read, tuple(_marked(points, read)), left_out)


def said(found: Trade) -> list[str]:
    """Returns sentences of what the rows were asked for, and of what is left out."""
    sentences = []
    test = [name for name in found.read if name.startswith("test_")]
    if test:
        named = " and ".join(test)
        sentences.append(f"There are no validation rows of {named}: values are of the test rows.")
    elif any(name.startswith("valid_") for name in found.read):
        sentences.append("Values are of the validation rows.")
    lost = {p.label: p.diverged for p in found.points if p.diverged}
    if lost:
        named = "; ".join(f"{label} ({n})" for label, n in lost.items())
        sentences.append(f"Diverged members are left out: {named}.")
    lacking = sum(p.missing for p in found.points)
    if lacking:
        sentences.append(f"{lacking} members without a finite value of both are left out.")
    if found.left_out:
        sentences.append(f"Not shown: {_by_model(found)}.")
    return sentences


def _by_model(found: Trade) -> str:
    """Returns what is left out, a model at a time where all its variants are for one reason."""
    shown = {point.model for point in found.points}
    reasons: dict[str, dict[str, str]] = {}
    for label, reason in found.left_out.items():
        reasons.setdefault(label.partition(" · ")[0], {})[label] = reason
    texts = []
    for model, of in reasons.items():
        if len(of) > 1 and model not in shown and len(set(of.values())) == 1:
            texts.append(f"{model} ({len(of)} variants) {next(iter(of.values()))}")
        else:
            texts += [f"{label} {reason}" for label, reason in of.items()]
    return "; ".join(texts)


def _read(name: str, metrics: Sequence[str]) -> str:
    """Returns the name under which rows hold a declared quantity."""
    return next((f"{s}_{name}" for s in ("valid", "test") if f"{s}_{name}" in metrics), name)


def _value(row: Row, name: str) -> float:
    found = number(row, name)
    if not math.isnan(found):
        return found
    known: Mapping[str, Any] = {n: row.get(n) for n in FACTS} | settings_of(row)
    value = known.get(name)
    return float(value) if isinstance(value, int | float) else math.nan


def _none(pairs: Iterable[Sequence[float]], at: int) -> bool:
    return not any(math.isfinite(pair[at]) for pair in pairs)


def _spread(values: Sequence[float]) -> Spread:
    several = len(values) > 1
    deviation = float(np.std(values, ddof=1)) if several else math.nan
    return Spread(float(np.mean(values)), deviation, tuple(values))


def _marked(points: Sequence[Traded], read: tuple[str, str]) -> list[Traded]:
    """Returns the points with `on_front` as it is among those of their data set."""
    marked = list(points)
    for dataset in dict.fromkeys(point.dataset for point in points):
        mine = [i for i, point in enumerate(points) if point.dataset == dataset]
        x = [sign(read[0]) * points[i].x.mean for i in mine]
        y = [sign(read[1]) * points[i].y.mean for i in mine]
        for i, on in zip(mine, front(x, y), strict=True):
            marked[i] = points[i]._replace(on_front=bool(on))
    return marked
