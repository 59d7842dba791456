"""Matrix products in lower precision: operands rounded, sums in float32.

`jax.default_matmul_precision` has no effect on a CPU. Here the trace itself is rewritten, so that
a run rounds the same on every backend.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.extend import core

from aejax.errors import lookup
from aejax.types import Array

# What the operands of products are rounded to; None leaves them as they are.
PRECISIONS: dict[str, Any] = {"float32": None, "bfloat16": jnp.bfloat16}
PRODUCTS = ("dot_general", "conv_general_dilated")


def _inner(value: Any, dtype: Any) -> Any:
    """Returns an equation's parameter with the traces inside it rewritten."""
    if isinstance(value, core.ClosedJaxpr):
        return _rewritten(value, dtype)
    if isinstance(value, core.Jaxpr):
        return _rewritten(core.ClosedJaxpr(value, ()), dtype).jaxpr
    if isinstance(value, tuple | list):
        return type(value)(_inner(one, dtype) for one in value)
    return value


def _run(closed: core.ClosedJaxpr, dtype: Any, *args: Array) -> list[Array]:
    jaxpr, known = closed.jaxpr, {}

    def read(atom: Any) -> Any:
        return atom.val if isinstance(atom, core.Literal) else known[atom]

    known.update(zip(jaxpr.constvars, closed.consts, strict=True))
    known.update(zip(jaxpr.invars, args, strict=True))
    for eqn in jaxpr.eqns:
        values = [read(atom) for atom in eqn.invars]
        if eqn.primitive.name in PRODUCTS and eqn.outvars[0].aval.dtype == jnp.float32:
            values = [value.astype(dtype) for value in values]
            params = eqn.params | {"preferred_element_type": jnp.dtype(jnp.float32)}
            done = eqn.primitive.bind(*values, **params)
        else:
            held = {name: _inner(value, dtype) for name, value in eqn.params.items()}
            done = eqn.primitive.bind(*values, **eqn.primitive.get_bind_params(held))
        outs = done if eqn.primitive.multiple_results else [done]
        known.update(zip(eqn.outvars, outs, strict=True))
    return [read(atom) for atom in jaxpr.outvars]


def _rewritten(closed: core.ClosedJaxpr, dtype: Any) -> core.ClosedJaxpr:
    return jax.make_jaxpr(lambda *args: _run(closed, dtype, *args))(*closed.in_avals)


def in_precision(fn: Callable[..., Any], precision: str) -> Callable[..., Any]:
    """Returns `fn` with the operands of all its matrix products and convolutions rounded.

    Wrap the gradient, not the loss: the products of the backward pass are rounded as well.

    Args:
      fn: a function of trees of arrays.
      precision: a name of PRECISIONS.

    Raises:
      ConfigError: an unknown name.
    """
    dtype = lookup("precision", precision, PRECISIONS)
    if dtype is None:
        return fn

    def rounded(*args: Any) -> Any:
        closed, shape = jax.make_jaxpr(fn, return_shape=True)(*args)
        outs = _run(closed, dtype, *jax.tree.leaves(args))
        return jax.tree.unflatten(jax.tree.structure(shape), outs)

    return rounded
