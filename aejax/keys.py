"""Random streams: one run key, a stream a name, a draw a step. No chains of splits anywhere."""

from __future__ import annotations

import zlib

import jax

from aejax.types import Array


def stream(key: Array, name: str) -> Array:
    """Returns the sub-stream `name` of `key`.

    `fold_in` of the name's CRC-32, stable across runs.
    """
    return jax.random.fold_in(key, zlib.crc32(name.encode()) & 0x7FFFFFFF)


def at(key: Array, name: str, step: Array | int) -> Array:
    """Returns the key of stream `name` at `step`.

    A resumed run draws what an undisturbed one draws.
    """
    return jax.random.fold_in(stream(key, name), step)
