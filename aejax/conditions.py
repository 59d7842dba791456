"""What a conditional model is told beside each example: a label, or a vector of numbers.

One record, `Conditioned`, stands wherever a model without a condition takes an array: rows, the
encoder's output, codes. Training slices it like an array, and `values_of` and `beside` take it
apart and put it together.
"""

from __future__ import annotations

import dataclasses
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from aejax.errors import ConfigError, plain

Array = jax.Array


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Conditioned:
    """Rows and the condition of each, sliced together; shape and type are those of the rows.

    Attributes:
      values: [N, ...].
      condition: labels [N] of an integer type, or vectors [N, D] of float32.
    """

    values: Any
    condition: Any

    __iter__ = None  # type: ignore[assignment]  # NumPy would take it for a list of rows

    @property
    def shape(self) -> tuple[int, ...]:
        return self.values.shape

    @property
    def dtype(self) -> Any:
        return self.values.dtype

    @property
    def ndim(self) -> int:
        return len(self.values.shape)

    @property
    def size(self) -> int:
        return self.values.size

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, rows: Any) -> Conditioned:
        return Conditioned(self.values[rows], self.condition[rows])


def values_of(x: Any) -> Any:
    """Returns an array without the conditions beside it; anything else as it is."""
    return x.values if isinstance(x, Conditioned) else x


def beside(values: Any, given: Any) -> Any:
    """Returns values with the conditions that `given` has beside it; without any, as they are."""
    return Conditioned(values, given.condition) if isinstance(given, Conditioned) else values


class Condition(NamedTuple):
    """What a model is told: a label of `classes` (0: no label), as `size` numbers."""

    classes: int
    size: int

    def __str__(self) -> str:
        if self.classes:
            return f"labels [N], whole numbers from 0 to {self.classes - 1}, or one for all rows"
        return f"vectors [N, {self.size}] of finite numbers, or one for all rows"

    def numbers(self, condition: Array) -> Array:
        """Returns what networks read, float32 [B, size]: one of K for labels, vectors themselves.

        A label that is none of the classes is NaN, so that it is seen where nothing can raise.
        """
        if not self.classes:
            return condition.astype(jnp.float32)
        fine = (condition >= 0) & (condition < self.classes)
        one_of = jax.nn.one_hot(condition, self.classes, dtype=jnp.float32)
        return jnp.where(fine[:, None], one_of, jnp.nan)

    def shapes(self, n: int) -> jax.ShapeDtypeStruct:
        """Returns the shape and type of n conditions."""
        if self.classes:
            return jax.ShapeDtypeStruct((n,), jnp.int32)
        return jax.ShapeDtypeStruct((n, self.size), jnp.float32)

    def check(self, condition: Any, rows: int, name: str) -> None:
        """Raises ConfigError for an array of another shape or kind; costs nothing under jit."""
        wanted = self.shapes(rows)
        kind = jnp.integer if self.classes else jnp.floating
        if condition.shape != wanted.shape or not jnp.issubdtype(condition.dtype, kind):
            raise ConfigError(
                f"model {name!r} got a condition of shape {condition.shape} and dtype "
                f"{condition.dtype} beside {rows} rows. Allowed: {self}."
            )

    def some(self, n: int, rows: Any) -> Array:
        """Returns n conditions to sample by: classes in turn, or those of `Conditioned` rows."""
        turn = jnp.arange(n, dtype=jnp.int32)
        return turn % self.classes if self.classes else rows.condition[turn % len(rows)]


def condition_of(argument: int | tuple[int, ...]) -> Condition | None:
    """Returns what a builder's argument `condition` stands for.

    Args:
      argument: 0: nothing; K: labels of K classes; (D,): vectors of D numbers.

    Raises:
      ConfigError: anything else, one class included.
    """
    given = plain(argument)
    whole = lambda n: isinstance(n, int) and not isinstance(n, bool)
    if whole(given) and (given == 0 or given > 1):
        return Condition(given, given) if given else None
    if isinstance(given, tuple) and len(given) == 1 and whole(given[0]) and given[0] > 0:
        return Condition(0, given[0])
    raise ConfigError(
        f"condition={argument!r} is no condition. Allowed: 0 for none, a number of classes from 2, "
        "or (D,) for vectors of D numbers."
    )


def shapes_for(condition: Condition | None, n: int, shape: tuple[int, ...]) -> Any:
    """Returns the shapes of n float rows as a model with that condition takes them."""
    rows = jax.ShapeDtypeStruct((n, *shape), jnp.float32)
    return Conditioned(rows, condition.shapes(n)) if condition else rows


def with_condition(
    condition: Condition | None, values: Any, given: Any, name: str, field: str = "condition"
) -> Any:
    """Returns values [N, ...] with the user's conditions beside them, all checked.

    Args:
      condition: what the model is told, or None.
      values: rows, codes or keys; only their number counts.
      given: labels [N], vectors [N, D], or one of them for all; None where there is no condition.
      name: of the model.
      field: how an error names what was given.

    Raises:
      ConfigError: none where the model needs one or one where it takes none; another number of
        them, another kind, or a label that is none of the classes.
    """
    if condition is None:
        if given is not None:
            raise ConfigError(
                f"{field} was given, but model {name!r} was built without one. Allowed: {field}="
                "None, or a model built with condition=K for K classes, or (D,) for vectors."
            )
        return values
    rows = len(values)
    if given is None:
        raise ConfigError(
            f"{field} is missing: model {name!r} was built with one. Allowed: {condition}."
        )
    return Conditioned(values, _checked(condition, given, rows, field))


def _checked(condition: Condition, given: Any, rows: int, field: str) -> np.ndarray:
    wanted = condition.shapes(rows)
    try:
        array = np.asarray(given)
        array = array.astype(np.float64) if array.dtype.kind in "bOuif" else None
    except (TypeError, ValueError):
        array = None
    if array is None:
        raise ConfigError(f"{field} holds no numbers. Allowed: {condition}.")
    if array.ndim == 2 and array.shape[1] == 1 and condition.classes:
        array = array[:, 0]  # a column of labels
    if array.shape == wanted.shape[1:]:
        array = np.broadcast_to(array, wanted.shape)
    if array.shape != wanted.shape:
        raise ConfigError(
            f"{field} has shape {array.shape} beside {rows} rows. Allowed: {condition}."
        )
    fine = np.isfinite(array)
    if condition.classes:
        fine &= (array == np.round(array)) & (array >= 0) & (array < condition.classes)
    if not fine.all():
        at = tuple(int(i) for i in np.argwhere(~fine)[0])
        raise ConfigError(f"{field} holds {array[at]:g} in row {at[0]}. Allowed: {condition}.")
    return np.ascontiguousarray(array, dtype=wanted.dtype)


def check_unconditional(condition: Condition | None, what: str) -> None:
    """Raises ConfigError where a model has a condition and `what` has no place for it."""
    if condition is not None:
        raise ConfigError(
            f"{what} knows nothing of conditions, and this model was built with one. "
            "Allowed: a model without condition=."
        )
