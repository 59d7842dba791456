"""What depends on the backend that JAX runs on: the only room that library code has to ask.

Each table says what is faster on which backend, and by which measurement (benchmarks/NOTES.md has
them); `here(table, otherwise)` looks the default backend up. `cores` makes devices of a CPU's
cores, `bias` and `batch_last` are the forms that are fast on a CPU; models need to know of none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

import jax

T = TypeVar("T")

# The layout of convolutions, where another than channels_last is faster.
CONV_LAYOUT = {"cpu": "batch_last"}

# Whether the gradient of a bias is a product with ones. XLA sums it slowly on a CPU inside a
# training step: 4 % of that of seven layers.
BIAS_BY_PRODUCT = {"cpu": True}

# Images decoded at once in importance sampling: 1,000 of 784 pixels are 3 MB, and ten times as many
# take twice as long each.
ROWS_AT_ONCE = {"cpu": 1024}

# FLOPs of a population's whole run above which timing pays: about two minutes of work.
WORTH_TIMING = {"cpu": 1e13, "gpu": 1e15, "tpu": 1e15}

# Parameters side by side above which `auto` and `map` run members one after another: on a CPU a
# chunk's parameters and their three copies in the optimiser should stay in a core's cache.
SIDE_BY_SIDE_PARAMS = {"cpu": 65_536}

# FLOPs of a step of a device's members from which their batches are split over the devices that are
# left over. A reckoning, not a measurement: at 50 TFLOP/s it takes 200 us, and the gradient's
# all-reduce some tens.
SPLIT_FLOPS = {"gpu": 1e10, "tpu": 1e10}

# Whether the backend's devices share one memory.
SHARED_MEMORY = {"cpu": True}


_meant: ContextVar[str | None] = ContextVar("backend", default=None)


@contextmanager
def meant_for(backend: str) -> Iterator[None]:
    """Within it, models are built and traced for another backend: cpu, gpu or tpu.

    What was traced before keeps the form that it has.
    """
    token = _meant.set(backend)
    try:
        yield
    finally:
        _meant.reset(token)


def here(table: Mapping[str, T], otherwise: T) -> T:
    """Returns what a table says of JAX's default backend, or of the one that is meant."""
    return table.get(_meant.get() or jax.default_backend(), otherwise)
