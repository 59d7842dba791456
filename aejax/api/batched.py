"""A function of rows, run over arrays of any length in compiled batches of bounded memory."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from aejax.train.compile import Program, compile, in_float32
from aejax.types import Autoencoder, PyTree

VALUES = 1 << 22  # numbers of a batch's rows; 16 MB in float32
ROWS = 1024

# (model, variables, rows [B, ...], key) -> tree of arrays [B, ...]
Function = Callable[[Autoencoder, PyTree, Any, Any], PyTree]


@functools.lru_cache(maxsize=64)
def _program(function: Function, model: Autoencoder, shapes: Any, structure: Any) -> Program:
    args = jax.tree.unflatten(structure, [jax.ShapeDtypeStruct(*shape) for shape in shapes])
    return compile(functools.partial(function, model), *args)


def _compiled(function: Function, model: Autoencoder, *args: PyTree) -> Program:
    leaves, structure = jax.tree.flatten(args)
    return _program(function, model, tuple((v.shape, v.dtype) for v in leaves), structure)


def batch_rows(count: int, row: int) -> int:
    """Returns the rows of a batch: a power of two that holds `count`, or as many as memory allows.

    Args:
      count: rows in all.
      row: numbers in one.
    """
    most = max(1, min(ROWS, VALUES // max(1, row)))
    return min(1 << max(0, count - 1).bit_length(), 1 << (most.bit_length() - 1))


@in_float32
def over_rows(
    function: Function, model: Autoencoder, variables: PyTree, rows: PyTree, seed: int = 0
) -> PyTree:
    """Returns `function(model, variables, batch, key)` of all rows, as NumPy arrays [N, ...].

    A second call with the same function, model and size of batch compiles nothing. The last batch
    is filled up with copies of its last row, which are cut off: the function is to treat rows one
    by one. Batch i draws from `fold_in(key(seed), i)`.

    Args:
      function: a module's function (it is part of the cache's key), pure.
      model: the autoencoder.
      variables: of one member.
      rows: arrays [N, ...], sliced on the host.
      seed: of what the function draws.
    """
    leaves = jax.tree.leaves(rows)
    count = len(leaves[0])
    size = batch_rows(count, sum(int(np.prod(leaf.shape[1:])) for leaf in leaves))
    key, parts = jax.random.key(seed), []
    variables = jax.tree.map(jnp.asarray, variables)
    for start in range(0, count, size):
        batch = jax.tree.map(lambda a, at=start: _filled(a[at : at + size], size), rows)
        one = jax.random.fold_in(key, start // size)
        program = _compiled(function, model, variables, batch, one)
        parts.append(jax.device_get(program.call(variables, batch, one)))
    return jax.tree.map(lambda *a: np.concatenate(a)[:count], *parts)


def _filled(rows: np.ndarray, size: int) -> Any:
    missing = size - len(rows)
    return jnp.asarray(
        np.concatenate([rows, np.repeat(rows[-1:], missing, 0)]) if missing else rows
    )
