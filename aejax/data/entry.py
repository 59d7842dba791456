"""What users call an array, as a NumPy array of plain numbers: lists, frames, masks, bfloat16."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np

from aejax.data.sparse import is_sparse
from aejax.errors import ConfigError

KINDS = "buif"  # bool, unsigned and signed integers, floats
ALLOWED = "Allowed: uint8, bool, integers and floats."


def as_array(given: Any, field: str, gaps: bool = False) -> np.ndarray:
    """Returns the user's numbers as a NumPy array of bool, integers or floats.

    Masked arrays without a masked value, and data frames whose columns are numbers, are such
    arrays; bfloat16, float8 and int4, which NumPy knows by their bytes alone, become float32.

    Args:
      given: anything NumPy takes as an array of numbers: NumPy, JAX or memory-mapped arrays, lists,
        data frames.
      field: how an error names it.
      gaps: masked and missing values are NaN in what is returned, and no error.

    Raises:
      ConfigError: no numbers, a ragged list, a sparse matrix, a masked or missing value (says
        where).
    """
    if is_sparse(given):
        raise ConfigError(f"{field} is a sparse matrix. Allowed: dense rows, {field}.toarray().")
    if hasattr(given, "columns") and hasattr(given, "dtypes") and hasattr(given, "to_numpy"):
        return _frame(given, field, gaps)
    if isinstance(given, np.ma.MaskedArray):
        return _unmasked(given, field, gaps)
    try:
        array = np.asarray(given)
    except Exception as error:  # whatever an object of another library raises
        reason = " ".join(str(error).split()).rstrip(".") or type(error).__name__
        raise ConfigError(f"{field} is no array of numbers: {reason}. {ALLOWED}") from error
    return _known(array, field)


def _known(array: np.ndarray, field: str) -> np.ndarray:
    """Returns an array whose dtype NumPy knows as numbers."""
    if array.dtype.kind in KINDS and array.dtype.type not in _EXTENDED:
        return array
    if array.dtype.type in _EXTENDED:
        return array.astype(np.float32)
    what = f"dtype {array.dtype}"
    if array.dtype.kind == "V" and array.dtype.names is None:
        what += ", bytes without a type, as files of NumPy have float8 (save it as float32)"
    if array.dtype.kind == "O":
        strange = next((v for v in array.reshape(-1) if not _is_number(v)), None)
        what += f" with {strange!r:.40}" if strange is not None else ""
    raise ConfigError(f"{field} has {what}. {ALLOWED}")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.number | np.bool_)


_PREFIXES = ("bfloat", "float", "int", "uint")
_EXTENDED = {
    kind
    for name, kind in vars(ml_dtypes).items()
    if isinstance(kind, type) and name.startswith(_PREFIXES)
}


def as_bfloat16(array: np.ndarray) -> np.ndarray:
    """Returns what a file has as two nameless bytes a value as bfloat16; other arrays as they are.

    NumPy's formats have no name for bfloat16, and it is the one type of two bytes that they lose.
    """
    if array.dtype == np.dtype("V2"):
        return array.view(ml_dtypes.bfloat16)
    return array


def _unmasked(array: np.ma.MaskedArray, field: str, gaps: bool) -> np.ndarray:
    """Returns the data of a masked array that masks nothing, or with NaN where it masks."""
    mask = np.ma.getmaskarray(array)
    if gaps and mask.any():
        plain = _known(np.asarray(np.ma.getdata(array)), field)
        # Bytes with gaps are no bytes any more; they keep their scale, 255ths.
        plain = plain / np.float32(255) if plain.dtype == np.uint8 else plain.astype(np.float64)
        return np.where(mask, np.nan, plain)
    masked = np.argwhere(mask)
    if len(masked):
        row, *rest = (int(i) for i in masked[0])
        where = (
            f", column {rest[0]}" if len(rest) == 1 else f", position {tuple(rest)}" * bool(rest)
        )
        raise ConfigError(
            f"{field} is masked in row {row}{where}, and {len(masked)} of {array.size} values in "
            f"all. Allowed: an array without masked values, such as {field}.filled(0)."
        )
    return _known(np.asarray(np.ma.getdata(array)), field)


def _frame(frame: Any, field: str, gaps: bool) -> np.ndarray:
    """Returns the numbers of a data frame [N, D]; bool beside numbers counts as 0 and 1.

    Raises:
      ConfigError: a column that is no number, or a missing value, with its row's label.
    """
    kinds = set()
    for name, kind in zip(frame.columns, frame.dtypes, strict=True):
        column = frame[name] if list(frame.columns).count(name) == 1 else None
        code = getattr(kind, "kind", "O")
        if code not in KINDS:
            raise ConfigError(
                f"{field}, column {name!r} is {kind}{_first_word(column)}. Allowed: columns of "
                "numbers; leave it out, or encode it as numbers."
            )
        kinds.add(kind)
        if column is not None and not gaps and column.isna().any():
            at = column.isna().to_numpy().argmax()
            raise ConfigError(
                f"{field}, column {name!r} has no value in row {at} ({frame.index[at]!r:.40}). "
                "Allowed: numbers; drop the row, or fill it."
            )
    if len(kinds) == 1 and isinstance(kind := next(iter(kinds)), np.dtype):
        return _known(np.asarray(frame.to_numpy(dtype=kind)), field)
    return np.asarray(frame.to_numpy(dtype=np.float64))


def _first_word(column: Any) -> str:
    """Returns where a column of text has what is no number, for an error."""
    for row, value in enumerate([] if column is None else column):
        try:
            float(value)
        except (TypeError, ValueError):
            return f", {value!r:.40} in row {row}"
    return ""
