"""One trace of a function, shared by the programs that call it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
from jax.extend import core


def traced_once(fn: Callable[..., Any]) -> Callable[..., Any]:
    """Returns `fn`, traced once per shapes and dtypes, for all programs that it is part of.

    jit's own cache would trace it again for a program on several devices.
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
        # A result that depends on no argument comes as a bare number.
        whole = [
            jax.numpy.asarray(v, s.dtype) if not isinstance(v, jax.Array) else v
            for v, s in zip(flat, trace.out_avals, strict=True)
        ]
        return out.unflatten(whole)

    return call
