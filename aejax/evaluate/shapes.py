"""The checks of shape that metrics share: what should be pairs must not broadcast."""

from __future__ import annotations

from typing import Any

import numpy as np

from aejax.errors import ConfigError


def codes_of(codes: Any, name: str = "codes") -> np.ndarray:
    """Returns finite codes [N, L] in float64.

    Raises:
      ConfigError: another rank, no rows, or a NaN or infinity.
    """
    found = np.asarray(codes, np.float64)
    if found.ndim != 2 or not found.size:
        raise ConfigError(f"{name} have shape {found.shape}. Allowed: [N, L], N of 1 or more.")
    if not np.isfinite(found).all():
        row = int(np.flatnonzero(~np.isfinite(found).all(1))[0])
        raise ConfigError(f"{name} hold NaN or infinity in row {row}. Allowed: finite numbers.")
    return found


def classes_of(factors: Any, rows: int, name: str = "factors") -> np.ndarray:
    """Returns factors [N, F] whose values are classes: whole numbers.

    Raises:
      ConfigError: another rank or number of rows, or values between whole numbers, of which no two
        rows share one and every count is of one.
    """
    found = columns_of(factors, rows, name)
    bad = np.argwhere(found != np.round(found))
    if len(bad):
        row, column = bad[0]
        raise ConfigError(
            f"{name} hold {found[row, column]:.6g} in row {row}, column {column}, and are counted "
            f"as classes. Allowed: whole numbers, such as discretise({name}, 20) of others."
        )
    return found


def columns_of(factors: Any, rows: int, name: str = "factors") -> np.ndarray:
    """Returns finite factors [N, F] of as many rows as the codes.

    Raises:
      ConfigError: another rank or number of rows, no numbers, or a NaN or infinity.
    """
    found = np.asarray(factors)
    if found.ndim != 2 or len(found) != rows or not found.shape[1]:
        raise ConfigError(
            f"{rows} codes and {name} of shape {found.shape} do not agree. Allowed: [{rows}, F]."
        )
    if found.dtype.kind not in "buif" or not np.isfinite(found).all():
        raise ConfigError(f"{name} hold what is no finite number. Allowed: finite numbers.")
    return found.astype(np.int64) if found.dtype.kind == "b" else found
