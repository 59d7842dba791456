"""A trained network as one file that JAX alone runs, without this package."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from aejax.api.applying import check_plain
from aejax.api.fitted import Fitted
from aejax.conditions import Conditioned
from aejax.data.scaling import to_float
from aejax.errors import ConfigError, lookup, need
from aejax.io import write_bytes
from aejax.train.compile import in_float32, serialised
from aejax.types import Array

PLATFORMS = ("cpu", "cuda", "tpu")


def _encoder(fitted: Fitted) -> Callable[[Any], Array]:
    return lambda x: fitted.model.encode(fitted.variables, to_float(x)).mean


def _decoder(fitted: Fitted) -> Callable[[Any], Array]:
    mean = fitted.model.info.likelihood.mean
    unit = 255.0 if fitted.scale.bytes else 1.0
    return lambda z: mean(fitted.model.decode(fitted.variables, z)) * unit


def _both(fitted: Fitted) -> Callable[[Any], Array]:
    mean = fitted.model.info.likelihood.mean
    unit = 255.0 if fitted.scale.bytes else 1.0

    def reconstruct(x: Any) -> Array:
        latent = fitted.model.encode(fitted.variables, to_float(x))
        return mean(fitted.model.decode(fitted.variables, latent.z)) * unit

    return reconstruct


PARTS: dict[str, Callable[[Fitted], Callable[[Any], Array]]] = {
    "encoder": _encoder,
    "decoder": _decoder,
    "reconstruct": _both,
}


@in_float32
def export(
    path: str | os.PathLike[str],
    fitted: Fitted,
    part: str = "encoder",
    *,
    platforms: Sequence[str] = PLATFORMS,
) -> None:
    """Writes a part of a trained model as a serialised StableHLO program (`jax.export`).

    The file holds the weights and takes a batch of any size: rows of the model's shape, of uint8
    where it was trained on bytes and of float32 elsewhere; codes [N, L] of float32 for the
    decoder; and a second argument of a model with a condition: labels [N] of int32, or vectors
    [N, D] of float32. It means by an array what `aejax.encode` means. Without this package:

        from jax import export
        encode = export.deserialize(open("encoder.jax", "rb").read()).call
        codes = encode(x)

    Args:
      path: of the file, written whole or not at all.
      fitted: the trained model.
      part: encoder (to the deterministic code), decoder (to means) or reconstruct.
      platforms: of cpu, cuda and tpu.

    Raises:
      ConfigError: an unknown part or platform, or a decoder that reads more than a code.
    """
    make = lookup("part", part, PARTS)
    need("flatbuffers", "export")
    for name in platforms:
        lookup("platform", name, dict.fromkeys(PLATFORMS))
    if not platforms:
        raise ConfigError(f"platforms is empty. Allowed: some of {', '.join(PLATFORMS)}.")
    info = fitted.model.info
    shape: tuple[int, ...] = info.shape
    dtype: Any = jnp.uint8 if fitted.scale.bytes else jnp.float32
    if part == "decoder":
        check_plain(fitted, "export of the decoder")
        shape, dtype = (info.latent,), np.float32
    of_batch = make(fitted)
    rows, told = [(shape, dtype)], info.nets.condition
    if told:
        beside = told.shapes(1)
        rows.append((beside.shape[1:], beside.dtype))

    def of_row(row: Array, *condition: Array) -> Array:
        one = Conditioned(row, *condition) if condition else row
        return of_batch(jax.tree.map(lambda leaf: leaf[None], one))[0]

    # Row by row under vmap: networks choose their kernels by the size of a batch, which is open.
    write_bytes(Path(path).expanduser(), serialised(jax.vmap(of_row), rows, platforms))
