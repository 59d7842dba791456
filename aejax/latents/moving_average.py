"""Moving averages in `variables["extra"]`."""

from __future__ import annotations

from collections.abc import Mapping

import jax.numpy as jnp

from aejax.types import Array, PyTree


def moving_mean(extra: PyTree, seen: Mapping[str, Array]) -> PyTree:
    """Returns `extra` with each entry of `seen` moved towards its new value.

    A plain mean at first, so that the start value has no weight, then an exponential one: the n-th
    value enters with max(1 - extra["decay"], 1 / n), n = extra["count"] + 1.

    Args:
      extra: holds `decay`, `count`, and an entry by the name of each of `seen`.
      seen: name -> new value, of the entry's shape.
    """
    count = extra["count"] + 1.0
    rate = jnp.maximum(1.0 - extra["decay"], 1.0 / count)
    moved = {name: extra[name] + rate * (value - extra[name]) for name, value in seen.items()}
    return {**extra, **moved, "count": count}
