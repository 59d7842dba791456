"""Codes without noise: the output of the encoder as it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

from aejax.errors import check_size
from aejax.types import Array, Latent, LatentSpace


def check_latent(size: int) -> int:
    """Returns `size`; raises ConfigError unless it is an integer of 1 or more."""
    return check_size("latent", size)


def deterministic(size: int) -> LatentSpace:
    """The code is the encoder's output; there is no prior to sample from."""
    size = check_latent(size)
    return LatentSpace(
        size=size, outputs=size, apply=lambda variables, h, key: Latent(z=h, mean=h), prior=None
    )


def structured(size: int, code: Callable[[Any], Array]) -> LatentSpace:
    """The decoder gets the encoder's output as it is, of any structure; no prior to sample from.

    Args:
      size: L, of the flat code.
      code: `h -> [B, L]`, what probes, metrics and figures read.
    """
    size = check_latent(size)
    return LatentSpace(
        size=size,
        outputs=size,
        apply=lambda variables, h, key: Latent(z=h, mean=code(h)),
        prior=None,
    )


def of_maps(shape: Sequence[int]) -> LatentSpace:
    """Maps [B, *shape] as the code, which is read flat."""
    return structured(prod(shape), lambda maps: maps.reshape(maps.shape[0], -1))
