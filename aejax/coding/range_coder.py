"""Whole numbers to 32-bit words and back, by the range coder of the library `constriction`.

Bamler 2022, "Understanding entropy coding with asymmetric numeral systems (ANS)", is the library's
paper; range coding is Martin 1979.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from aejax.coding.tables import TOTAL, Tables
from aejax.errors import ConfigError, need

HALF = 1 << 16  # an escaped value is two digits of this radix
SHIFT = 1 << 31


def _stream() -> Any:
    return need("constriction", "applications").stream


def _model(stream: Any, counts: np.ndarray) -> Any:
    """Returns the coder's model of one number.

    Counts over 2^20 are exact in floating point, and so are the sums of them by which the library
    makes integers of its own: the same on every machine.
    """
    p = counts.astype(np.float64) / TOTAL
    return stream.model.Categorical(p, perfect=False)


def encode_codes(codes: np.ndarray, tables: Tables) -> bytes:
    """Returns codes as bytes, of which every four are a little-endian word.

    Args:
      codes: whole numbers [N, L] of 32 bits.
      tables: of L numbers.

    Raises:
      ConfigError: another L, numbers that are not whole or beyond 32 bits; no `constriction`.
    """
    stream, codes = _stream(), np.asarray(codes)
    if codes.ndim != 2 or codes.shape[1] != len(tables.low):
        raise ConfigError(f"codes have shape {codes.shape}. Allowed: [N, {len(tables.low)}].")
    if not (np.abs(codes) < SHIFT).all() or not (codes == np.round(codes)).all():
        raise ConfigError("codes hold what is no whole number of 32 bits. Allowed: whole numbers.")
    codes, coder = codes.astype(np.int64), stream.queue.RangeEncoder()
    for i, counts in enumerate(tables.counts):
        values = codes[:, i]
        place = values - int(tables.low[i])
        last = len(counts) - 1
        escaped = (place < 0) | (place >= last)
        coder.encode(np.where(escaped, last, place).astype(np.int32), _model(stream, counts))
        if escaped.any():
            high, low = np.divmod(values[escaped] + SHIFT, HALF)
            digits = np.stack([high, low], 1).reshape(-1).astype(np.int32)
            coder.encode(digits, stream.model.Uniform(HALF))
    return coder.get_compressed().astype("<u4").tobytes()


def decode_codes(data: bytes, count: int, tables: Tables) -> np.ndarray:
    """Returns what `encode_codes` was given: int32 [count, L].

    Args:
      data: its bytes.
      count: N.
      tables: the same.

    Raises:
      ConfigError: bytes that are no whole words, or that the coder cannot read; no `constriction`.
    """
    stream = _stream()
    if len(data) % 4:
        raise ConfigError(f"the stream has {len(data)} bytes. Allowed: words of 4 bytes.")
    coder = stream.queue.RangeDecoder(np.frombuffer(data, "<u4").astype(np.uint32))
    codes = np.empty((count, len(tables.low)), np.int64)
    try:
        for i, counts in enumerate(tables.counts):
            place = np.asarray(coder.decode(_model(stream, counts), count), np.int64)
            codes[:, i] = place + int(tables.low[i])
            escaped = np.flatnonzero(place == len(counts) - 1)
            if len(escaped):
                digits = coder.decode(stream.model.Uniform(HALF), 2 * len(escaped))
                high, low = np.asarray(digits, np.int64).reshape(-1, 2).T
                codes[escaped, i] = high * HALF + low - SHIFT
    except (AssertionError, ValueError) as error:  # what the library raises on words of no code
        raise ConfigError(
            f"the stream cannot be read: {error}. Allowed: as it was written."
        ) from error
    return codes.astype(np.int32)
