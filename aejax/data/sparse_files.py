"""A sparse `.npz` as scipy writes it: a data set of packed rows, never dense as a whole."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from aejax.data import dataset as datasets
from aejax.data.dataset import Dataset
from aejax.data.files import UNREADABLE
from aejax.data.sparse import pack
from aejax.errors import ConfigError


def load_sparse(path: Path, test_fraction: float) -> Dataset:
    """Reads what `scipy.sparse.save_npz` writes, [N, D] of numbers, and holds out test rows.

    The splits are `SparseRows`. Zeros that are stored stay, for models to which what is not stored
    is a gap.

    Raises:
      ConfigError: cut short or foreign; as `sparse.pack`, and a matrix that stores nothing.
    """
    from scipy.sparse import load_npz

    field = f"dataset={str(path)!r}"
    try:
        with path.open("rb") as file:  # which scipy leaves open where it is no archive
            matrix: Any = load_npz(file)
    except UNREADABLE as error:
        raise ConfigError(
            f"{field}: the sparse matrix cannot be read: {' '.join(str(error).split()):.120}. "
            "Allowed: an intact file of scipy.sparse.save_npz."
        ) from error
    rows = dataclasses.replace(pack(matrix, field, gaps=True), gaps=False)
    return datasets.hold_out(str(path), rows, None, test_fraction)
