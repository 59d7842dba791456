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


# XLA ends the process where a device of a CPU waits 40 s for another one in a collective. Here that
# is no deadlock: one core's members may take minutes longer than the other's (line searches, a core
# that others use). Flags that XLA does not know end the process too, so that only versions are told
# that were tried.
PATIENCE = {
    "--xla_cpu_collective_call_warn_stuck_timeout_seconds": 3600,
    "--xla_cpu_collective_call_terminate_timeout_seconds": 7 * 24 * 3600,
}
TRIED = ((0, 10), (0, 11))  # versions of JAX, from and below


def be_patient() -> None:
    """Lets devices of a CPU wait for each other; flags that the user has set stay as they are."""
    if not TRIED[0] <= jax.__version_info__[:2] < TRIED[1]:
        return
    given = os.environ.get("XLA_FLAGS", "")
    more = [f"{flag}={seconds}" for flag, seconds in PATIENCE.items() if flag not in given]
    os.environ["XLA_FLAGS"] = " ".join([given, *more]).strip()


def use_cores(cores: int | None = None) -> None:
    """Makes a device of each of the CPU's cores, over which populations are spread.

    Call it before the first computation of the process; `JAX_NUM_CPU_DEVICES` takes precedence.

    Args:
      cores: how many; None: those that this process may use.

    Raises:
      ConfigError: fewer than one.
    """
    be_patient()
    if "JAX_NUM_CPU_DEVICES" in os.environ:
        return
    cores = available_cores() if cores is None else cores
    check_at_least("cores", cores, 1)
    jax.config.update("jax_num_cpu_devices", int(cores))
