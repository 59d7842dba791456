"""The only place that compiles (law).

Ahead of time, with donation, time taken and recompiles counted.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
from jax.extend import core

_EVENT = "/jax/core/compile/backend_compile_duration"
_here = threading.local()  # a benchmark's contestants compile in threads of their own


def _count(event: str, duration_secs: float, **kwargs: str | int) -> None:
    _here.compiles = compile_count() + (event == _EVENT)


jax.monitoring.register_event_duration_secs_listener(_count)


def compile_count() -> int:
    """Returns how many programs XLA has compiled in this thread, whoever asked for them."""
    return getattr(_here, "compiles", 0)


class Program(NamedTuple):
    """A compiled function: it runs at the shapes that it was made for, or raises.

    It never retraces.
    """

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
    start = time.perf_counter()
    lowered = jax.jit(fn, donate_argnums=donate).lower(*args)
    compiled = lowered.compile()
    seconds = time.perf_counter() - start
    return Program(compiled, seconds, _peak_bytes(compiled), lowered.out_info)


def _peak_bytes(compiled: Any) -> int:
    memory = compiled.memory_analysis()  # of one device; None where a backend does not tell
    if memory is None:
        return 0
    arguments, results = memory.argument_size_in_bytes, memory.output_size_in_bytes
    one = arguments + results - memory.alias_size_in_bytes + memory.temp_size_in_bytes
    devices = {d for s in jax.tree.leaves(compiled.input_shardings) for d in s.device_set}
    return int(one) * max(len(devices), 1)


def traced_once(fn: Callable[..., Any]) -> Callable[..., Any]:
    """Returns `fn`, traced once for each kind of arguments, whichever program it is part of.

    jit's own cache does not serve a program of several devices from the trace of one.
    """
    known: dict[Any, tuple[core.ClosedJaxpr, Any]] = {}

    def call(*args: Any) -> Any:
        leaves, structure = jax.tree.flatten(args)
        kind = structure, tuple((v.shape, v.dtype, getattr(v, "weak_type", False)) for v in leaves)
        if kind not in known:
            shapes = [jax.ShapeDtypeStruct(*of[:2], weak_type=of[2]) for of in kind[1]]
            trace, out = jax.make_jaxpr(fn, return_shape=True)(*structure.unflatten(shapes))
            known[kind] = trace, jax.tree.structure(out)
        trace, out = known[kind]
        flat = core.jaxpr_as_fun(trace)(*leaves)
        # A result that depends on nothing comes as a bare number.
        whole = [
            jax.numpy.asarray(v, s.dtype) if not isinstance(v, jax.Array) else v
            for v, s in zip(flat, trace.out_avals, strict=True)
        ]
        return out.unflatten(whole)

    return call


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
