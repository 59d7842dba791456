"""Rows that are mostly zero: packed on the host and on the device, dense a batch at a time.

`SparseRows` stands where a table of rows [N, D] does: training and evaluation slice it like an
array, and `scaling.to_float` makes a batch of it dense. The whole never is.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from aejax.errors import ConfigError

ALLOWED = "Allowed: a scipy matrix [N, D] of finite numbers, N and D of 1 or more"


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class SparseRows:
    """The numbers of each row that are not zero, filled up to the longest row.

    All rows take the memory of the longest, so that a row is a slice like any other's: N x M, M
    the most numbers in a row, in place of N x D.

    Attributes:
      index: columns, int32 [N, M]; D where a row has fewer numbers than M.
      value: float32 [N, M].
      columns: D.
      gaps: what a row does not store is missing, NaN where it is dense, and a stored 0 is a 0.
    """

    index: Any
    value: Any
    columns: int = dataclasses.field(metadata={"static": True})
    gaps: bool = dataclasses.field(default=False, metadata={"static": True})

    __iter__ = None  # type: ignore[assignment]  # NumPy would take it for a list of rows

    @property
    def shape(self) -> tuple[int, ...]:
        return (*self.index.shape[:-1], self.columns)

    @property
    def dtype(self) -> Any:
        return self.value.dtype

    @property
    def ndim(self) -> int:
        return len(self.shape)

    def __len__(self) -> int:
        return len(self.index)

    def __getitem__(self, rows: Any) -> SparseRows:
        return dataclasses.replace(self, index=self.index[rows], value=self.value[rows])

    def min(self) -> Any:
        """The least of all numbers, zeros included, which every long row has."""
        return np.minimum(self.value.min(), 0)

    def max(self) -> Any:
        """The largest of all numbers, zeros included."""
        return np.maximum(self.value.max(), 0)

    def dense(self) -> jax.Array:
        """Returns the rows of a batch as float32 [B, D]."""
        empty = jnp.full(self.shape, jnp.nan if self.gaps else 0.0, jnp.float32)
        row = jnp.arange(len(self))[:, None]
        return empty.at[row, self.index].set(self.value, mode="drop")

    def mean(self) -> jax.Array:
        """Returns the mean of all rows [D], without making them dense; 0 where all is missing."""
        total = jnp.zeros(self.columns, jnp.float32).at[self.index].add(self.value, mode="drop")
        if not self.gaps:
            return total / len(self)
        ones = jnp.ones(self.value.shape, jnp.float32)
        count = jnp.zeros(self.columns, jnp.float32).at[self.index].add(ones, mode="drop")
        return total / jnp.maximum(count, 1.0)


def is_sparse(given: Any) -> bool:
    """Returns whether a value is a sparse matrix of scipy or of what imitates it."""
    return hasattr(given, "tocsr") and hasattr(given, "nnz")


def pack(given: Any, field: str = "x", gaps: bool = False) -> SparseRows:
    """Returns a scipy sparse matrix or array [N, D] as `SparseRows` on the host.

    What stands twice in one place is summed, as scipy has it. With `gaps`, what is not stored is
    missing and not zero, and zeros that are stored are kept.

    Raises:
      ConfigError: no matrix, empty, with `gaps` nothing stored, bytes or complex numbers, NaN or an
        infinity (says where).
    """
    if given.ndim != 2 or not all(given.shape):
        raise ConfigError(f"{field} is sparse of shape {given.shape}. {ALLOWED}.")
    if given.dtype.kind not in "buif":
        raise ConfigError(f"{field} is sparse of dtype {given.dtype}. {ALLOWED}.")
    if given.dtype == np.uint8:
        raise ConfigError(
            f"{field} is sparse of dtype uint8, which is pixels from 0 to 255 in a dense array and "
            f"mostly counts in a sparse one. Allowed: {field}.astype('float32'), divided by 255 "
            "where they are pixels."
        )
    rows = given.tocsr().astype(np.float32)  # a copy: what follows works in place
    try:
        rows.check_format(full_check=True)
    except ValueError as error:  # a place outside the shape
        raise ConfigError(f"{field} is no sparse matrix: {error}. {ALLOWED}.") from error
    rows.sum_duplicates()
    if not gaps:
        rows.eliminate_zeros()
    if gaps and not rows.nnz:
        raise ConfigError(f"{field} stores no value. Allowed: one observed value or more.")
    counts = np.diff(rows.indptr)
    row = np.repeat(np.arange(len(counts)), counts)
    if not np.isfinite(rows.data).all():
        at = int(np.argmin(np.isfinite(rows.data)))
        raise ConfigError(
            f"{field} holds {rows.data[at]} in row {row[at]}, column {rows.indices[at]}. {ALLOWED}."
        )
    place = np.arange(len(row)) - np.repeat(rows.indptr[:-1], counts)
    longest = max(1, int(counts.max()))
    index = np.full((len(counts), longest), given.shape[1], np.int32)
    value = np.zeros((len(counts), longest), np.float32)
    index[row, place], value[row, place] = rows.indices, rows.data
    return SparseRows(index, value, int(given.shape[1]), gaps)
