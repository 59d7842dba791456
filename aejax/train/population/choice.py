"""Which executor a population runs under: by a rule of thumb, or timed where a run is long.

The rule goes by a member's memory and size alone; timing is in population/timing.py.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import NamedTuple

import jax

from aejax.backend import SHARED_MEMORY, SIDE_BY_SIDE_PARAMS, WORTH_TIMING
from aejax.errors import ConfigError, lookup
from aejax.train.population.devices import devices, share
from aejax.train.population.executors import EXECUTORS
from aejax.train.population.stacked import MemberFn
from aejax.train.population.timing import Choice, fastest
from aejax.types import PyTree

Trial = tuple[MemberFn, PyTree, PyTree]  # a few steps, members and data to time them with


class Cost(NamedTuple):
    """What one member takes, known before anything is compiled; FLOPs are those of products."""

    param_count: int
    state_bytes: int
    member_bytes: int
    flops: float


def available_bytes() -> int:
    """Returns the memory that a population may take: half of what the device, or host, has free."""
    stats = jax.devices()[0].memory_stats() or {}
    if "bytes_limit" in stats:
        return (stats["bytes_limit"] - stats.get("bytes_in_use", 0)) // 2
    return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2


def check_budget(budget: int, member_bytes: int) -> int:
    """Returns how many members fit into a budget of bytes; raises ConfigError if not one does."""
    fitting = int(budget // max(member_bytes, 1))
    if fitting < 1:
        raise ConfigError(
            f"memory_gb={budget / 2**30:.3g} is too small for one member. "
            f"Allowed: {member_bytes / 2**30:.3g} or more."
        )
    return fitting


def fitting_on_device(budget: int, member_bytes: int, members: int, backend: str) -> int:
    """Returns how many members fit one device side by side; the devices of a CPU share its memory.

    Args:
      budget, member_bytes, members, backend: as in `pick`.

    Raises:
      ConfigError: not even one fits.
    """
    fitting = check_budget(budget, member_bytes)
    return max(1, fitting // devices(members)) if SHARED_MEMORY.get(backend) else fitting


def pick(
    wanted: str, members: int, member_bytes: int, param_count: int, budget: int, backend: str
) -> Choice:
    """Chooses the executor and the chunk by rule.

    Args:
      wanted: auto, vmap, map or loop.
      members: size of the population.
      member_bytes: one member's memory while it trains.
      param_count: one member's parameters.
      budget: bytes that the population may take; of each device, where each has its own memory.
      backend: cpu, gpu or tpu.

    Returns:
      (executor, chunk). `vmap` falls back to `map` where the population does not fit the budget.
      The chunk is that of one device.

    Raises:
      ConfigError: an unknown executor, or a budget that not even one member fits.
    """
    fitting = fitting_on_device(budget, member_bytes, members, backend)
    lookup("executor", wanted, EXECUTORS | {"auto": None})
    if wanted == "loop":
        return "loop", 1
    members = share(members)
    limit = SIDE_BY_SIDE_PARAMS.get(backend)
    if limit is not None and wanted in ("map", "auto"):
        fitting = min(fitting, max(1, limit // max(1, param_count)))
    if wanted == "map" or (wanted == "auto" and members == 1):
        return "map", min(fitting, members)
    return ("vmap", members) if fitting >= members else ("map", fitting)


def choose(
    wanted: str, members: int, cost: Cost, memory_bytes: int | None, trial: Callable[[], Trial]
) -> Choice:
    """Returns the executor and how many members it runs side by side.

    Args:
      wanted: auto, vmap, map or loop; only `auto` is ever timed.
      members: size of the population.
      cost: of one member.
      memory_bytes: as in `Job`.
      trial: makes what is timed.
    """
    budget, backend = memory_bytes or available_bytes(), jax.default_backend()
    by_rule = pick(wanted, members, cost.member_bytes, cost.param_count, budget, backend)
    worth = members * cost.flops >= WORTH_TIMING.get(backend, float("inf"))
    if wanted != "auto" or members == 1 or not worth:
        return by_rule
    fitting = fitting_on_device(budget, cost.member_bytes, members, backend)
    return fastest(*trial(), fitting)
