"""What a function costs, from its trace: the FLOPs of its products, and scratch memory.

XLA's own count takes a loop's body once and adds every elementwise operation; a share of the matmul
ceiling needs the products alone, each as often as it runs.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import jax

Eqn = Any


def _dot(eqn: Eqn) -> float:
    (contract, _), _ = eqn.params["dimension_numbers"]
    depth = prod(eqn.invars[0].aval.shape[axis] for axis in contract)
    return 2.0 * prod(eqn.outvars[0].aval.shape) * depth


def _conv(eqn: Eqn) -> float:
    kernel = eqn.invars[1].aval.shape
    spec = eqn.params["dimension_numbers"].rhs_spec
    # Every output is a sum over the kernel's taps and the channels of its group.
    return 2.0 * prod(eqn.outvars[0].aval.shape) * prod(kernel) / kernel[spec[0]]


PRODUCTS: dict[str, Callable[[Eqn], float]] = {
    "dot_general": _dot,
    "conv_general_dilated": _conv,
}


def _inner(eqn: Eqn) -> float:
    """The products inside of what an equation calls: all branches' greatest, a scan's length."""
    inner = [
        value
        for params in eqn.params.values()
        for value in (params if isinstance(params, tuple | list) else (params,))
        if hasattr(value, "eqns") or hasattr(value, "jaxpr")
    ]
    if not inner:
        return 0.0
    if eqn.primitive.name == "cond":
        return max(_count(jaxpr) for jaxpr in inner)
    return eqn.params.get("length", 1) * sum(_count(jaxpr) for jaxpr in inner)


def _count(jaxpr: Any) -> float:
    jaxpr = getattr(jaxpr, "jaxpr", jaxpr)
    return sum(PRODUCTS.get(eqn.primitive.name, _inner)(eqn) for eqn in jaxpr.eqns)


def trace_flops(trace: Any) -> float:
    """Returns the FLOPs of a trace's products, 2 for a multiply and add.

    A `while` loop's body counts once: its length is not known.

    Args:
      trace: of `jax.make_jaxpr`.
    """
    return _count(trace)


def product_flops(fn: Callable[..., Any], *args: Any) -> float:
    """Returns the FLOPs of the products of one call of `fn`; see `trace_flops`.

    Args:
      fn: a function of arrays.
      *args: arrays or jax.ShapeDtypeStruct trees.
    """
    return trace_flops(jax.make_jaxpr(fn)(*args))


def intermediate_bytes(trace: Any) -> int:
    """Returns an upper estimate of a program's scratch memory: every value of its trace, once."""
    return sum(
        4 * prod(v.aval.shape)
        for eqn in trace.jaxpr.eqns
        for v in eqn.outvars
        if hasattr(v.aval, "shape")
    )
