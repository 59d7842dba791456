"""From any array to what the models take: uint8 or float32, rank 2 or 4, finite."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from aejax.data.entry import as_array
from aejax.errors import ConfigError

_CHUNK = 1 << 22  # values looked at together: a memory-mapped table is never copied whole

# dtype kind -> how its values become ours: a bool black and white, numbers in their own range.
_CONVERT = {
    "b": lambda a: a.astype(np.uint8) * np.uint8(255),
    "u": lambda a: a if a.dtype == np.uint8 else a.astype(np.float32),
    "i": lambda a: a.astype(np.float32),
    "f": lambda a: a.astype(np.float32, copy=False),
}


def as_images(array: Any, field: str, *, films: bool = False, gaps: bool = False) -> np.ndarray:
    """Returns `array` as uint8 or float32 of shape [N, D], [N, H, W, C] or, of films, [N, T, D].

    uint8 stays as it is; bool becomes 0 and 255; every other number becomes float32 in its own
    range. [N, H, W] becomes [N, H, W, 1]. No copy is made where none is needed.

    Args:
      array: anything NumPy takes as an array of numbers: a NumPy, JAX or memory-mapped array.
      field: how an error names the array, for example `dataset='x.npz', array 'train'`.
      films: rank 3 is T frames of D numbers, for sequence models, and nothing else is allowed.
      gaps: NaN is a missing value and stays; there is an observed one at least.

    Raises:
      ConfigError: not numbers, empty, of another rank, or with a NaN or an infinity (says where).
    """
    array = as_array(array, field, gaps)
    if array.size == 0:
        raise ConfigError(f"{field} is empty, its shape is {array.shape}. Allowed: N of 1 or more.")
    ranks, allowed = (
        ((3,), "[N, T, D]") if films else ((2, 3, 4), "[N, D], [N, H, W] or [N, H, W, C]")
    )
    if array.ndim not in ranks:
        raise ConfigError(
            f"{field} has shape {array.shape} of rank {array.ndim}. Allowed: {allowed}."
        )
    check_finite(array, field, gaps)
    with np.errstate(over="ignore"):
        converted = _CONVERT[array.dtype.kind](array)
    check_finite(converted, field + " as float32", gaps)
    if array.dtype == np.uint8 and array.max() == 1:
        warnings.warn(
            f"{field} is uint8 with a maximum of 1, next to nothing on the scale of 0..255; "
            "store what is 0 or 1 as bool, or as float32.",
            stacklevel=2,
        )
    return converted[..., None] if converted.ndim == 3 and not films else converted


def as_labels(array: Any, count: int, field: str) -> np.ndarray:
    """Returns `array` as int32 [count]; [count, 1] is accepted.

    Raises:
      ConfigError: another shape, or values that are not whole numbers within int32.
    """
    array = as_array(array, field)
    if array.shape not in ((count,), (count, 1)):
        raise ConfigError(f"{field} has shape {array.shape}. Allowed: [{count}], one an example.")
    with np.errstate(invalid="ignore"):
        labels = array.reshape(count).astype(np.int32)
    wrong = np.flatnonzero(labels != array.reshape(count))
    if wrong.size:
        raise ConfigError(
            f"{field} holds {array.reshape(count)[wrong[0]]} in row {wrong[0]}. "
            "Allowed: whole numbers."
        )
    return labels


def check_finite(array: np.ndarray, field: str, gaps: bool = False) -> None:
    """Raises ConfigError that names the first NaN or infinity of a float array [N, ...].

    With `gaps`, NaN is a missing value: infinities are named alone, and an array of nothing else.
    """
    if array.dtype.kind != "f":
        return
    wrong = np.isinf if gaps else lambda chunk: ~np.isfinite(chunk)
    if gaps and np.isnan(array).all():
        raise ConfigError(f"{field} has no value but NaN. Allowed: one observed value or more.")
    rows = max(1, _CHUNK // max(1, array[0].size))
    for start in range(0, len(array), rows):
        chunk = array[start : start + rows]
        bad = np.argwhere(wrong(chunk))
        if not len(bad):
            continue
        row, *position = (int(i) for i in bad[0])
        where = f"column {position[0]}" if len(position) == 1 else f"pixel {tuple(position)}"
        raise ConfigError(
            f"{field} holds {chunk[tuple(bad[0])]} in row {start + row}, {where}. "
            "Allowed: finite numbers."
        )
