"""What a flow is."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from aejax.errors import check_size
from aejax.types import Array, PyTree

# (params, u [B, L], context [B, C] or None) -> (z [B, L], log |det dz/du| [B])
Map = Callable[[PyTree, Array, Array | None], tuple[Array, Array]]


class Flow(NamedTuple):
    """An invertible map of codes; each direction comes with its own log-determinant."""

    init: Callable[[Array], PyTree]  # key -> params
    forward: Map
    inverse: Map


def invert(flow: Flow) -> Flow:
    """Returns the flow that runs the other way, with the same parameters."""
    return flow._replace(forward=flow.inverse, inverse=flow.forward)


def check_flows(flows: int) -> int:
    """Returns `flows`; raises ConfigError unless it is an integer of 0 or more."""
    return check_size("flows", flows, 0)
