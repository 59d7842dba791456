"""What a run leaves beside its state: curves, validation points, each member's best variables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import jax
import jax.numpy as jnp
import numpy as np

from aejax.train.plan import Plan, Segment
from aejax.train.stopping import Best, EarlyStopping
from aejax.types import PyTree


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
      best: with early stopping, else None.
    """

    def __init__(self, plan: Plan, metrics: list[str], stopping: EarlyStopping | None):
        """Begins with nothing recorded.

        Raises:
          ConfigError: early stopping by a metric that is not among `metrics`.
        """
        cut = plan.segments
        self.curve_step = np.asarray(curve_steps(cut), np.float32)
        ends = [s.start + s.length for s in cut if s.measured]
        self.valid_step = np.asarray(ends, np.float32)
        empty = lambda length: np.full((plan.members, length), np.nan, np.float32)
        self.curves = {name: empty(len(self.curve_step)) for name in plan.curves}
        self.valid = {name: empty(len(self.valid_step)) for name in metrics}
        self.best: Best | None = None
        if stopping:
            shapes = plan.stages[-1].members["state"].variables
            zeros = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), shapes)
            self.best = Best(stopping, zeros, metrics)
        self._stops_in = len(plan.stages) - 1  # early stopping is a matter of the last stage
        self._starts = np.concatenate([[0], np.cumsum([s.points for s in cut])])
        self._point = np.cumsum([s.measured for s in cut]) - 1  # of the validation after a segment

    def record(
        self,
        i: int,
        segment: Segment,
        members: PyTree,
        records: Mapping[str, np.ndarray],
        valid: Mapping[str, np.ndarray],
    ) -> dict[str, np.ndarray]:
        """Takes in what segment i left, and what was measured after it; returns its last means [P].

        Stages may differ in their terms: a term that a stage lacks stays NaN on its stretch.
        """
        at = slice(self._starts[i], self._starts[i + 1])
        for name, values in records.items():
            self.curves[name][:, at] = values
        for name, values in valid.items():
            self.valid[name][:, self._point[i]] = values
        if self.best and segment.stage == self._stops_in and segment.measured:
            values = self.valid[self.best.rule.metric][:, self._point[i]]
            self.best.update(segment.start + segment.length, values, members["state"].variables)
        return {name: values[:, -1] for name, values in records.items()}

    def finished(self) -> bool:
        """Returns whether all members have stopped early."""
        return self.best is not None and self.best.finished()

    def tree(self) -> PyTree:
        """Returns all of it as arrays, for a checkpoint."""
        kept = {"best": self.best.tree()} if self.best else {}
        return {"history": {"curves": self.curves, "valid": self.valid}, **kept}

    def load(self, tree: PyTree) -> None:
        """Takes up what `tree` returned."""
        copied = lambda part: {name: np.array(values) for name, values in part.items()}
        self.curves = copied(tree["history"]["curves"])
        self.valid = copied(tree["history"]["valid"])
        if self.best:
            self.best.load(tree["best"])
