"""The only place that compiles (law).

Ahead of time and with donation; seconds and programs are counted.
"""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, ParamSpec, TypeVar

import jax
from jax import export

_EVENT = "/jax/core/compile/backend_compile_duration"


class _Counts(threading.local):
    """Of one thread: a benchmark's contestants train in threads of their own."""

    programs = 0  # all that XLA compiled
    planned = 0  # those of them that `compile` asked for
    seconds = 0.0  # spent in `compile`


_here = _Counts()


def _count(event: str, duration_secs: float, **kwargs: str | int) -> None:
    _here.programs += event == _EVENT


jax.monitoring.register_event_duration_secs_listener(_count)


def compile_count() -> int:
    """Returns how many programs XLA has compiled in this thread, whoever asked for them."""
    return _here.programs


def unplanned_count() -> int:
    """Returns how many of them `compile` did not ask for: retraces, and operations run eagerly."""
    return _here.programs - _here.planned


def compile_seconds() -> float:
    """Returns the seconds that `compile` has taken in this thread."""
    return _here.seconds


P = ParamSpec("P")
R = TypeVar("R")


def in_float32(function: Callable[P, R]) -> Callable[P, R]:
    """Returns `function` as it is without `jax_enable_x64`: the same numbers for the same seed.

    All of the package computes in float32; a user's 64 bits, set for other code, would make some
    parameters and all draws others.
    """

    @functools.wraps(function)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        if not jax.config.read("jax_enable_x64"):
            return function(*args, **kwargs)
        with jax.enable_x64(False):
            return function(*args, **kwargs)

    return wrapped


class Program(NamedTuple):
    """A compiled function: it runs at the shapes that it was made for, or raises; no retracing."""

    call: Callable[..., Any]
    seconds: float  # tracing, lowering and compiling
    peak_bytes: int  # arguments, results and scratch memory, on all devices together
    out: Any  # shapes of what it returns


def compile(fn: Callable[..., Any], *args: Any, donate: tuple[int, ...] = ()) -> Program:
    """Compiles `fn` for arguments like `args` (arrays or shapes).

    Args:
      fn: a pure function of arrays.
      *args: example arguments, or jax.ShapeDtypeStruct trees.
      donate: positions of arguments whose memory the result may take over.
    """
    start, before = time.perf_counter(), compile_count()
    lowered = jax.jit(fn, donate_argnums=donate).lower(*args)
    compiled = lowered.compile()
    seconds = time.perf_counter() - start
    _here.planned += compile_count() - before
    _here.seconds += seconds
    return Program(compiled, seconds, _peak_bytes(compiled), lowered.out_info)


def _peak_bytes(compiled: Any) -> int:
    memory = compiled.memory_analysis()  # of one device; None where a backend does not tell
    if memory is None:
        return 0
    arguments, results = memory.argument_size_in_bytes, memory.output_size_in_bytes
    one = arguments + results - memory.alias_size_in_bytes + memory.temp_size_in_bytes
    devices = {d for s in jax.tree.leaves(compiled.input_shardings) for d in s.device_set}
    return int(one) * max(len(devices), 1)


def lowered(fn: Callable[..., Any], *args: Any, platform: str) -> tuple[str, float]:
    """Lowers `fn` for a platform that need not be here.

    Args:
      fn: a pure function of arrays.
      *args: example arguments, or jax.ShapeDtypeStruct trees.
      platform: cpu, cuda or tpu.

    Returns:
      The program as text (StableHLO), and the seconds of tracing and lowering.
    """
    start = time.perf_counter()
    text = jax.jit(fn).trace(*args).lower(lowering_platforms=(platform,)).as_text()
    return text, time.perf_counter() - start


def matmul_flops(size: int = 1024, repeats: int = 5) -> float:
    """Returns this device's float32 matrix-product speed, FLOP/s: the best of a few products."""
    a = jax.numpy.ones((size, size), jax.numpy.float32)
    product = compile(lambda a, b: a @ b, a, a).call
    jax.block_until_ready(product(a, a))
    best = float("inf")
    for _ in range(repeats):
        start = time.perf_counter()
        jax.block_until_ready(product(a, a))
        best = min(best, time.perf_counter() - start)
    return 2 * size**3 / best


def serialised(
    fn: Callable[..., Any],
    rows: Sequence[tuple[tuple[int, ...], Any]],
    platforms: Sequence[str],
) -> bytes:
    """Returns `fn` of batches of one size, which is open, as a program that `jax.export` reads.

    Args:
      fn: of an array [B, *shape] for each of `rows`.
      rows: shape and type of one row, by argument.
      platforms: that it is lowered for.
    """
    (batch,) = export.symbolic_shape("batch")
    args = [jax.ShapeDtypeStruct((batch, *shape), dtype) for shape, dtype in rows]
    return bytes(export.export(jax.jit(fn), platforms=tuple(platforms))(*args).serialize())
