"""Early stopping: of each member, the variables of its best validation point."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from aejax.errors import check_at_least, lookup
from aejax.train import population
from aejax.train.compile import Program
from aejax.types import PyTree


class EarlyStopping(NamedTuple):
    """Keep the variables at the least value of `metric`, a name of what validation measures.

    A member that has not improved at `patience` points in a row has stopped: later points do not
    count for it, and when all have stopped the run ends. `patience` 0: never stop early.
    """

    metric: str
    patience: int = 0


class Best:
    """The best of each member so far; a member's does not depend on its neighbours.

    Attributes:
      variables: stacked [P, ...], from a member's best point.
      step: [P], the steps done at that point; -1 before the first.
      value: [P], the metric there.
    """

    def __init__(self, rule: EarlyStopping, variables: PyTree, metrics: list[str]):
        """Begins with the variables before training.

        Raises:
          ConfigError: the metric is not among `metrics`, or the patience is negative.
        """
        lookup("early stopping: metric", rule.metric, dict.fromkeys(metrics))
        check_at_least("patience", rule.patience, 0)
        members = jax.tree.leaves(variables)[0].shape[0]
        self.rule = rule
        self.variables = jax.tree.map(jnp.copy, variables)
        self.value = np.full(members, np.inf, np.float32)
        self.step = np.full(members, -1, np.int32)
        self._since = np.zeros(members, np.int32)
        leaves, structure = jax.tree.flatten(variables)
        shapes = tuple(jax.ShapeDtypeStruct(leaf.shape, leaf.dtype) for leaf in leaves)
        self._select = _selection(structure, shapes, population.split(members))

    def _stopped(self) -> np.ndarray:
        return (self._since >= self.rule.patience) & (self.rule.patience > 0)

    def finished(self) -> bool:
        """Returns whether all members have stopped."""
        return bool(self._stopped().all())

    def update(self, step: int, values: np.ndarray, variables: PyTree) -> None:
        """Takes in a validation point: values [P] after `step` steps; NaN is worse than any."""
        best = np.where(np.isnan(self.value), np.inf, self.value)
        better = ((values < best) | (self.step < 0)) & ~self._stopped()
        self.variables = self._select.call((self.variables, variables, jnp.asarray(better)), ())
        self.value = np.where(better, values, self.value)
        self.step = np.where(better, np.int32(step), self.step)
        self._since = np.where(better, np.int32(0), self._since + 1)

    def tree(self) -> PyTree:
        """Returns all of it as arrays, for a checkpoint."""
        return {
            "variables": self.variables,
            "value": self.value,
            "step": self.step,
            "since": self._since,
        }

    def load(self, tree: PyTree) -> None:
        """Takes up what `tree` returned."""
        self.variables = jax.tree.map(jnp.asarray, tree["variables"])
        self.value, self.step = np.array(tree["value"]), np.array(tree["step"])
        self._since = np.array(tree["since"])


@lru_cache(maxsize=16)
def _selection(
    structure: Any, shapes: tuple[jax.ShapeDtypeStruct, ...], split: tuple[int, int]
) -> Program:
    """Compiles `(old, new, better [P]) -> new where better, else old`."""

    def select(m: PyTree, _: PyTree) -> PyTree:
        old, new, better = m
        return jax.tree.map(lambda a, b: jnp.where(better, b, a), old, new)

    variables = structure.unflatten(shapes)
    flags = jax.ShapeDtypeStruct(shapes[0].shape[:1], jnp.bool_)
    return population.execute("vmap", select, (variables, variables, flags), ())
