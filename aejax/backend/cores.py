"""The CPU's cores as devices of JAX."""

from __future__ import annotations

import os

import jax

from aejax.errors import check_at_least


def available_cores() -> int:
    """Returns the CPU's cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def use_cores(cores: int | None = None) -> None:
    """Makes a device of each of the CPU's cores, over which populations are spread.

    Call it before the first computation of the process; `JAX_NUM_CPU_DEVICES` takes precedence.

    Args:
      cores: how many; None: those that this process may use.

    Raises:
      ConfigError: fewer than one.
    """
    if "JAX_NUM_CPU_DEVICES" in os.environ:
        return
    cores = available_cores() if cores is None else cores
    check_at_least("cores", cores, 1)
    jax.config.update("jax_num_cpu_devices", int(cores))
