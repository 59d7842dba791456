"""Moving averages in `variables["extra"]`."""

from __future__ import annotations

from collections.abc import Mapping

import jax.numpy as jnp

from aejax.types import Array, PyTree


def moving_rate(extra: PyTree) -> Array:
    """Returns the weight with which the next value enters `extra`; see `moving_mean`."""
    return jnp.maximum(1.0 - extra["decay"], 1.0 / (extra["count"] + 1.0))


def moving_mean(extra: PyTree, seen: Mapping[str, Array]) -> PyTree:
    """Returns `extra` with each entry of `seen` moved towards its new value.

    A plain mean at first, so that the start value has no weight, then an exponential one: the n-th
    value enters with max(1 - extra["decay"], 1 / n), n = extra["count"] + 1.

    Args:
      extra: holds `decay`, `count`, and an entry by the name of each of `seen`.
      seen: name -> new value, of the entry's shape.
    """
    rate = moving_rate(extra)
    moved = {name: extra[name] + rate * (value - extra[name]) for name, value in seen.items()}
    return {**extra, **moved, "count": extra["count"] + 1.0}
