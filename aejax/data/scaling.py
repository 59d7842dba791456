"""The one scale of pixels: bytes are 255ths, floats are what they are."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from aejax.conditions import Conditioned, beside, values_of
from aejax.data.sparse import SparseRows
from aejax.errors import ConfigError

Array = jax.Array


def to_float(x: Any) -> Any:
    """Returns pixels as float32: uint8 tables are scaled to [0, 1], float tables stay.

    Conditions beside them are left as they are; a batch of `SparseRows` becomes dense.
    """
    if isinstance(x, Conditioned):
        return beside(to_float(x.values), x)
    if isinstance(x, SparseRows):
        return x.dense()
    if x.dtype == jnp.uint8:
        return x.astype(jnp.float32) * (1.0 / 255.0)
    return x.astype(jnp.float32)


MEAN_ROWS = 2**14  # rows that are summed at a time: a table may be larger than the device


def mean_row(table: Any) -> Array:
    """Returns the mean of all rows of a table [N, *shape], as `to_float` has them: [*shape]."""
    if isinstance(table, SparseRows):
        return table.mean()
    parts = [table[at : at + MEAN_ROWS] for at in range(0, len(table), MEAN_ROWS)]
    total = sum(np.asarray(part).sum(0, dtype=np.float64) for part in parts)
    scale = 255.0 if table.dtype == np.uint8 else 1.0
    return jnp.asarray(total / len(table) / scale, jnp.float32)


def bounds_of(rows: Any) -> tuple[float, float]:
    """Returns the least and the largest value of rows; NaN, a missing value, is none."""
    if isinstance(rows, SparseRows) or rows.dtype == np.uint8:
        return float(rows.min()), float(rows.max())
    return float(np.nanmin(rows)), float(np.nanmax(rows))


LARGE = 30.0  # values that standardised data hardly has, and that learning rates are not made for


class Scale(NamedTuple):
    """The scale of the rows that a model was trained on.

    `bytes`: they were uint8 (or bool), which is scaled to [0, 1]; `low` and `high` are the least
    and the largest of the values that the model saw.
    """

    bytes: bool
    low: float
    high: float

    @classmethod
    def of(cls, rows: Any) -> Scale:
        """Returns the scale of training rows."""
        rows = values_of(rows)
        low, high = bounds_of(rows)
        return cls(True, low / 255, high / 255) if rows.dtype == np.uint8 else cls(False, low, high)

    def hint(self) -> str:
        """Returns what to say of the scale where training diverged: "" where it is of order 1."""
        most = max(abs(self.low), abs(self.high))
        if self.bytes or most <= LARGE:
            return ""
        return (
            f"The rows hold values from {self.low:.4g} to {self.high:.4g}: scale them to order 1 "
            "(divide by 255, or by their standard deviation)."
        )

    def check(self, rows: Any, field: str = "x") -> None:
        """Raises ConfigError where rows are on another scale than the training rows."""
        rows = values_of(rows)
        if rows.dtype == np.uint8 and not self.bytes and (self.low < 0 or self.high > 1):
            raise ConfigError(
                f"{field} is uint8, which is scaled to [0, 1], but the model was trained on floats "
                f"from {self.low:.4g} to {self.high:.4g}. Allowed: floats on that scale."
            )
        if rows.dtype != np.uint8 and self.bytes and bounds_of(rows)[1] > 16:  # noise is less
            raise ConfigError(
                f"{field} holds floats up to {bounds_of(rows)[1]:.4g}, but the model was trained "
                "on uint8, scaled to [0, 1]. Allowed: uint8, or floats from 0 to 1 (divide by 255)."
            )
