"""Images as bytes and back: rounded codes of a trained model, written by a range coder."""

from __future__ import annotations

from typing import Any

import numpy as np

from aejax.api.applying import _mean, rows_of
from aejax.api.batched import over_rows
from aejax.api.fitted import Fitted
from aejax.coding import Header, Tables, decode_codes, encode_codes, pack, tables_of, unpack
from aejax.conditions import values_of, with_condition
from aejax.data.scaling import to_float
from aejax.errors import ConfigError
from aejax.types import Array, Autoencoder, Variables

# Bits of a header's `layout`: how the array was laid out, and whether it was bytes.
WHOLE, FLAT, PLANE, BYTES = 0, 1, 2, 4


def _code(model: Autoencoder, variables: Variables, x: Array, key: Array) -> Array:
    return model.encode(variables, to_float(x)).mean


def compress(
    fitted: Fitted, x: Any, *, condition: Any = None, tables: Tables | None = None
) -> bytes:
    """Returns the user's rows as bytes, which `decompress` reads: a file of 18 bytes and the codes.

    Args:
      fitted: from `fit` or `load`, of a model whose codes are whole numbers (`compressive`).
      x: [N, *shape], [N, D], or [N, H, W] for images of one channel.
      condition: of each row, where the model was built with one; it is not written.
      tables: from `aejax.coding.tables_of` or `load_tables`; None: made of the model now.

    Raises:
      ConfigError: as in `fit`; another model; codes beyond 32 bits; `constriction` is missing.
    """
    tables = _tables(fitted, tables)
    rows = rows_of(fitted, x, condition=condition)
    codes = over_rows(_code, fitted.model, fitted.variables, rows)
    codes = np.rint(codes / _step(fitted))
    shape, given = fitted.model.info.shape, np.shape(x)[1:]
    layout = WHOLE if given == shape else PLANE if given == shape[:-1] else FLAT
    if values_of(rows).dtype == np.uint8:
        layout |= BYTES
    header = Header(layout, len(codes), tables.mark)
    return pack(header, encode_codes(codes, tables))


def decompress(
    fitted: Fitted, data: bytes, *, condition: Any = None, tables: Tables | None = None
) -> np.ndarray:
    """Returns what `compress` kept of the rows, in the layout and on the scale of x.

    The codes are those that were written, bit for bit; what the decoder makes of them is so on one
    machine, and within roundings of float32 on another. Bytes come back as uint8, else float32.

    Args:
      fitted: the same model.
      data: from `compress`.
      condition: as it was told to `compress`.
      tables: as they were told to `compress`.

    Raises:
      ConfigError: data of another table, cut short or changed; as in `compress`.
    """
    codes, layout = codes_of(fitted, data, tables=tables)
    info = fitted.model.info
    z = np.float32(_step(fitted)) * codes.astype(np.float32)
    z = with_condition(info.nets.condition, z, condition, info.name)
    means = over_rows(_mean, fitted.model, fitted.variables, z)
    if layout & BYTES:
        means = np.rint(np.clip(means, 0, 1) * 255).astype(np.uint8)
    given = {WHOLE: info.shape, PLANE: info.shape[:-1], FLAT: (-1,)}[layout & ~BYTES]
    return means.reshape(len(means), *given)


def codes_of(
    fitted: Fitted, data: bytes, *, tables: Tables | None = None
) -> tuple[np.ndarray, int]:
    """Returns the codes int32 [N, L] of a file of `compress`, and its layout.

    Args, raises: as in `decompress`.
    """
    tables = _tables(fitted, tables)
    header, words = unpack(data)
    if header.mark != tables.mark:
        raise ConfigError(
            f"data was written with the tables {header.mark:08x}, and these are "
            f"{tables.mark:08x}. Allowed: the same model's, kept by aejax.coding.save_tables where "
            "they were made and given as tables=."
        )
    return decode_codes(words, header.count, tables), header.layout


def _tables(fitted: Fitted, tables: Tables | None) -> Tables:
    latent = fitted.model.info.latent
    if tables is None:
        return tables_of(fitted)
    if len(tables.low) != latent:
        raise ConfigError(
            f"tables are of {len(tables.low)} numbers. Allowed: {latent}, the code's."
        )
    return tables


def _step(fitted: Fitted) -> float:
    space = fitted.model.info.space
    assert space is not None
    return space.step
