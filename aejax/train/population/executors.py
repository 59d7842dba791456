"""Executors: one member's function, compiled for a whole population.

`vmap` runs the members side by side, `map` in chunks one after another inside one program, `loop`
calls a single member's program for each. The numbers agree to rounding: batched and single matrix
products may sum in another order.
"""

from __future__ import annotations

from collections.abc import Callable

import jax

from aejax.errors import lookup
from aejax.train.compile import Program, compile
from aejax.train.population.devices import placed_shapes, spread
from aejax.train.population.stacked import MemberFn, member, size, stack
from aejax.types import PyTree


def _vmap(fn: MemberFn, members: PyTree, shared: PyTree, chunk: int, donate: bool) -> Program:
    run = spread(jax.vmap(fn, (0, None)), members)
    return compile(run, *placed_shapes(members, shared), donate=(0,) * donate)


def _map(fn: MemberFn, members: PyTree, shared: PyTree, chunk: int, donate: bool) -> Program:
    def run(members: PyTree, shared: PyTree) -> PyTree:
        if size(members) == 1:
            # A batch of one would take four times as long.
            return jax.tree.map(lambda leaf: leaf[None], fn(member(members, 0), shared))
        # A chunk of one is a plain scan over members: no batched operations at all.
        many = None if chunk == 1 else chunk
        return jax.lax.map(lambda one: fn(one, shared), members, batch_size=many)

    return compile(spread(run, members), *placed_shapes(members, shared), donate=(0,) * donate)


def _loop(fn: MemberFn, members: PyTree, shared: PyTree, chunk: int, donate: bool) -> Program:
    one = compile(fn, jax.eval_shape(lambda t: member(t, 0), members), shared)

    def run(members: PyTree, shared: PyTree) -> PyTree:
        return stack([one.call(member(members, i), shared) for i in range(size(members))])

    return one._replace(call=run)


EXECUTORS: dict[str, Callable[[MemberFn, PyTree, PyTree, int, bool], Program]] = {
    "vmap": _vmap,
    "map": _map,
    "loop": _loop,
}


def execute(
    executor: str,
    fn: MemberFn,
    members: PyTree,
    shared: PyTree,
    *,
    chunk: int = 1,
    donate: bool = False,
) -> Program:
    """Compiles a member's function for a whole population.

    Args:
      executor: vmap, map or loop.
      fn: `fn(member, shared)`, without a member axis.
      members: stacked example arguments [P, ...], or their shapes.
      shared: what all members read: the data.
      chunk: members side by side in `map`.
      donate: give up `members`' memory to the result.

    Returns:
      A Program whose `call(members, shared)` returns the stacked results.
    """
    return lookup("executor", executor, EXECUTORS)(fn, members, shared, chunk, donate)
