"""What the machine is, and the limits that a case is held against, measured in the same run."""

from __future__ import annotations

import os
import platform
import time
from typing import Any

import jax
import jax.numpy as jnp

from aejax.benchmark.contest import Round
from aejax.results import environment
from aejax.train.compile import compile
from aejax.train.population import available_cores

SUSTAINED = "sustained_flops_per_second"
# Sizes of the products that the ceiling is the best of: square ones, and those of wide layers.
PRODUCTS = ((1024, 1024, 1024), (2048, 2048, 2048), (128, 784, 512), (512, 1024, 1024))
DEVICE_PRODUCTS = ((8192, 8192, 8192), (4096, 4096, 4096))


def machine() -> dict[str, Any]:
    """Returns the machine in words and numbers."""
    return {
        "processor": environment.processor(),
        "cores": available_cores(),
        "memory_gb": round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30, 1),
        "system": platform.system(),
        "device": environment.device(),
        "devices": jax.local_device_count(),
    }


def flags() -> dict[str, str | None]:
    """Returns what changes speed from outside."""
    names = ("XLA_FLAGS", "OMP_NUM_THREADS", "JAX_PLATFORMS", "JAX_ENABLE_X64")
    precision = getattr(jax.config, "jax_default_matmul_precision", None)
    return {**{name: os.environ.get(name) for name in names}, "matmul_precision": precision}


def _best(call: Any, repeats: int) -> float:
    best = float("inf")
    for _ in range(repeats):
        begun = time.perf_counter()
        jax.block_until_ready(call())
        best = min(best, time.perf_counter() - begun)
    return best


def copy(arrays: tuple[Any, ...]) -> Any:
    """Reads one array and writes one."""
    return arrays[0] + 1.0


def adam_like(arrays: tuple[Any, ...]) -> Any:
    """Reads parameters, gradient and two moments; writes all but the gradient."""
    p, g, m, v = arrays
    m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
    return p - 1e-3 * m / (jnp.sqrt(v) + 1e-8), m, v


class Bandwidth:
    """Bytes a second of an elementwise function on arrays beyond every cache.

    Args:
      name: for the table.
      passes: arrays that are read or written.
      fn: of four arrays.
    """

    def __init__(self, name: str, passes: int, fn: Any, elements: int = 2**27):
        self.name = name
        self.args = tuple(jnp.full((elements,), 0.5) for _ in range(4))
        self.bytes = passes * elements * 4
        self.call = compile(fn, self.args).call

    def round(self) -> Round:
        """Runs it a few times; the seconds are those of one byte, at best."""
        return Round(_best(lambda: self.call(self.args), 20) / self.bytes, float("nan"))

    def close(self) -> dict[str, Any]:
        """Returns what a call moves."""
        return {"bytes": self.bytes}


class Ceiling:
    """The matrix-product speed that this device reaches in a round: call after call, and at best.

    A contestant like any other, because a limit changes with the neighbours, too. The shape is that
    of the fastest product at the start. Its best call in half a second is what no program could do
    better; the mean of that time is what a program that runs as long would reach, had it nothing
    to do but large products.
    """

    name = "matmul ceiling"

    def __init__(self, seconds: float = 0.5):
        self.seconds, self.best = seconds, 0.0
        self.sustained: list[float] = []  # FLOP/s of each round
        products = PRODUCTS if jax.default_backend() == "cpu" else DEVICE_PRODUCTS
        for m, k, n in products:
            a, b = jnp.ones((m, k)), jnp.ones((k, n))
            call = compile(jnp.matmul, a, b).call
            rate = 2 * m * k * n / _best(lambda call=call, a=a, b=b: call(a, b), 10)
            if rate > self.best:
                self.best, self.args, self.call, self.flops = rate, (a, b), call, 2 * m * k * n

    def round(self) -> Round:
        """Multiplies for a while; the seconds are those of one FLOP, at best."""
        begun, taken = time.perf_counter(), []
        while time.perf_counter() - begun < self.seconds:
            taken.append(_best(lambda: self.call(*self.args), 1))
        self.sustained.append(self.flops * len(taken) / sum(taken))
        return Round(min(taken) / self.flops, float("nan"))

    def close(self) -> dict[str, Any]:
        """Returns the shapes of the product, and the FLOP/s of all calls of each round."""
        return {"product": [list(a.shape) for a in self.args], SUSTAINED: self.sustained}
