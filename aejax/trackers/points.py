"""From curves to points: what a tracker gets is what arrays and rows hold."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

import numpy as np

from aejax.results.rows import Row
from aejax.trackers.protocol import Point, Tracked


class HasCurves(Protocol):
    """`History` while training, `Trained` after it, `Curves` of a file: names as there."""

    @property
    def curve_step(self) -> np.ndarray: ...
    @property
    def curves(self) -> Mapping[str, np.ndarray]: ...
    @property
    def valid_step(self) -> np.ndarray: ...
    @property
    def valid(self) -> Mapping[str, np.ndarray]: ...


class Curves(NamedTuple):
    """Of a population: curves [P, T] and validation points [P, V], with the steps of both."""

    curve_step: np.ndarray
    curves: dict[str, np.ndarray]
    valid_step: np.ndarray
    valid: dict[str, np.ndarray]

    def of(self, place: int) -> list[Point]:
        """Returns a member's points; what is not finite is left out, as rows leave it out."""
        found = []
        for v, step in enumerate(self.valid_step):
            values = {f"train/{name}": float(c[place, v]) for name, c in self.curves.items()}
            values |= {f"valid/{name}": float(c[place, v]) for name, c in self.valid.items()}
            kept = {name: value for name, value in values.items() if math.isfinite(value)}
            if kept:
                found.append(Point(int(step), kept))
        return found


def between(history: HasCurves, first: int, step: float) -> Curves:
    """Returns copies of the evaluation points from the first-th to `step`, as [P, n] all.

    Of the curves, that is the last window before each.
    """
    last = int(np.searchsorted(history.valid_step, step, side="right"))
    steps = np.array(history.valid_step[first:last])
    windows = np.searchsorted(history.curve_step, steps) - 1
    return Curves(
        curve_step=steps,
        curves={name: values[:, windows] for name, values in history.curves.items()},
        valid_step=steps,
        valid={name: values[:, first:last].copy() for name, values in history.valid.items()},
    )


def curves_of(arrays: Mapping[str, Any]) -> Curves:
    """Returns the curves of a population's arrays, as the sweep has written them."""
    named = lambda kind: {
        name.removeprefix(kind): arrays[name] for name in arrays if name.startswith(kind)
    }
    return Curves(arrays["curve_step"], named("curve/"), arrays["valid_step"], named("valid/"))


def tracked(id: str, group: str, spec: Mapping[str, Any], hp: Mapping[str, float], seed: int):
    """Returns a member as trackers know it, from what its row says."""
    flat = {name: value for name, value in spec.items() if name != "args"}
    flat |= {f"args.{name}": value for name, value in spec["args"].items()}
    flat |= {f"hp.{name}": value for name, value in hp.items()} | {"seed": seed}
    plain = lambda v: v if v is None or isinstance(v, bool | int | float | str) else str(v)
    config = {name: plain(value) for name, value in flat.items()}
    return Tracked(id, f"{spec['model']}-{id}", group, config)


def of_row(row: Row) -> Tracked:
    """Returns the member of a row."""
    return tracked(row["id"], row["group"], row["spec"], row["hp"], row["seed"])


def final(row: Row) -> dict[str, float]:
    """Returns the metrics of a row that are numbers."""
    return {name: value for name, value in row["metrics"].items() if value is not None}
