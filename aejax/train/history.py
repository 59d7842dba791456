"""Curves and validation points of a run, and the steps that they stand for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from aejax.train.plan import Segment
from aejax.types import Array, PyTree


def curve_steps(cut: Sequence[Segment]) -> list[float]:
    """Returns the step in the middle of each window of the curves."""
    return [s.start + (i + 0.5) * s.length / s.points - 0.5 for s in cut for i in range(s.points)]


class History:
    """Arrays of their final size from the start, so that a checkpoint can hold them; NaN is empty.

    Attributes:
      curve_step: [T], the middle of each window of the curves.
      curves: name -> [P, T].
      valid_step: [V], the steps done at each validation point.
      valid: metric -> [P, V].
    """

    def __init__(
        self, members: int, cut: Sequence[Segment], names: Sequence[str], metrics: Sequence[str]
    ):
        self.curve_step = np.asarray(curve_steps(cut), np.float32)
        self.valid_step = np.asarray([s.start + s.length for s in cut], np.float32)
        points, ends = len(self.curve_step), len(self.valid_step)
        self.curves = {n: np.full((members, points), np.nan, np.float32) for n in names}
        self.valid = {n: np.full((members, ends), np.nan, np.float32) for n in metrics}
        self._starts = np.concatenate([[0], np.cumsum([s.points for s in cut])])

    def write(
        self, i: int, records: dict[str, Array], valid: dict[str, Array] | None
    ) -> dict[str, np.ndarray]:
        """Takes in what segment i recorded; returns its last means [P].

        Stages may differ in their terms: a term that a stage lacks stays NaN on its stretch.
        """
        at = slice(self._starts[i], self._starts[i + 1])
        for name, values in records.items():
            self.curves[name][:, at] = values
        for name, values in (valid or {}).items():
            self.valid[name][:, i] = values
        return {name: np.asarray(values)[:, -1] for name, values in records.items()}

    def tree(self) -> PyTree:
        """Returns all of it as arrays, for a checkpoint."""
        return {"curves": self.curves, "valid": self.valid}

    def load(self, tree: PyTree) -> None:
        """Takes up what `tree` returned."""
        self.curves = {name: np.array(values) for name, values in tree["curves"].items()}
        self.valid = {name: np.array(values) for name, values in tree["valid"].items()}
