"""Populations: one function of a member, run for all members by interchangeable executors.

`vmap` runs them side by side, `map` in chunks one after another inside one program, `loop` calls a
single member's program for each. The numbers are the same (to rounding: batched and single matrix
products may sum in another order).

Where there are several devices, the members are spread over them: as many devices as divide the
population, each with its share, and the data on all of them.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from aejax.errors import ConfigError, lookup
from aejax.train.compile import Program, compile
from aejax.types import PyTree

# A member's function: fn(member_tree, shared_tree) -> tree.
Member = Callable[[PyTree, PyTree], PyTree]


def size(members: PyTree) -> int:
    """Returns the number of members of a stacked tree."""
    return jax.tree.leaves(members)[0].shape[0]


def stack(trees: list[PyTree]) -> PyTree:
    """Stacks members' trees along a new leading axis."""
    return jax.tree.map(lambda *leaves: jnp.stack(leaves), *trees)


def member(tree: PyTree, i: int) -> PyTree:
    """Returns member i of a stacked tree."""
    return jax.tree.map(lambda leaf: leaf[i], tree)


AXIS = "member"


def share(members: int) -> int:
    """Returns the members of one device: the fewest that give every device used as many."""
    devices = min(members, jax.local_device_count())
    return members // max(d for d in range(1, devices + 1) if members % d == 0)


def _mesh(members: int) -> Mesh:
    return Mesh(np.asarray(jax.local_devices()[: members // share(members)]), (AXIS,))


def _spread(run: Callable[..., PyTree], members: PyTree) -> Callable[..., PyTree]:
    """Returns `run(members, shared)` with each device running its share of the members."""
    if share(size(members)) == size(members):
        return run
    specs = PartitionSpec(AXIS), PartitionSpec()
    mesh = _mesh(size(members))
    return jax.shard_map(run, mesh=mesh, in_specs=specs, out_specs=specs[0], check_vma=False)


def place(tree: PyTree, members: int, executor: str, *, shared: bool = False) -> PyTree:
    """Puts arrays where an executor reads them; `loop` has one device.

    Args:
      tree: stacked [P, ...], or what all members read.
      members: P.
      executor: vmap, map or loop.
      shared: the tree has no member axis; each device gets all of it.
    """
    if executor == "loop" or share(members) == members:
        return jax.device_put(tree)
    spec = PartitionSpec() if shared else PartitionSpec(AXIS)
    return jax.device_put(tree, NamedSharding(_mesh(members), spec))


def _vmap(fn: Member, members: PyTree, shared: PyTree, chunk: int, donate: bool) -> Program:
    run = _spread(jax.vmap(fn, (0, None)), members)
    return compile(run, members, shared, donate=(0,) * donate)


def _map(fn: Member, members: PyTree, shared: PyTree, chunk: int, donate: bool) -> Program:
    def run(members: PyTree, shared: PyTree) -> PyTree:
        # A chunk of one is a plain scan over members: no batched operations at all.
        many = None if chunk == 1 else chunk
        return jax.lax.map(lambda one: fn(one, shared), members, batch_size=many)

    return compile(_spread(run, members), members, shared, donate=(0,) * donate)


def _loop(fn: Member, members: PyTree, shared: PyTree, chunk: int, donate: bool) -> Program:
    one = compile(fn, jax.eval_shape(lambda t: member(t, 0), members), shared)

    def run(members: PyTree, shared: PyTree) -> PyTree:
        return stack([one.call(member(members, i), shared) for i in range(size(members))])

    return one._replace(call=run)


EXECUTORS: dict[str, Callable[[Member, PyTree, PyTree, int, bool], Program]] = {
    "vmap": _vmap,
    "map": _map,
    "loop": _loop,
}


def execute(
    executor: str,
    fn: Member,
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


def available_bytes() -> int:
    """Returns the memory that a population may take.

    Half of what the device, or this host, has free.
    """
    stats = jax.devices()[0].memory_stats() or {}
    if "bytes_limit" in stats:
        return (stats["bytes_limit"] - stats.get("bytes_in_use", 0)) // 2
    return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2


def tree_bytes(tree: PyTree) -> int:
    """Returns the bytes of a tree of arrays or of their shapes; typed keys count as 8."""
    return sum(
        int(np.prod(leaf.shape)) * (leaf.dtype.itemsize if hasattr(leaf.dtype, "itemsize") else 8)
        for leaf in jax.tree.leaves(tree)
    )


def intermediate_bytes(fn: Callable[..., Any], *args: Any) -> int:
    """Returns an upper estimate of a function's scratch memory: every value of its trace, once."""
    closed = jax.make_jaxpr(fn)(*args)
    return sum(
        int(np.prod(v.aval.shape)) * 4
        for eqn in closed.jaxpr.eqns
        for v in eqn.outvars
        if hasattr(v.aval, "shape")
    )


def check_budget(budget: int, member_bytes: int) -> int:
    """Returns how many members fit into a budget of bytes; raises ConfigError if not one does."""
    fitting = int(budget // max(member_bytes, 1))
    if fitting < 1:
        raise ConfigError(
            f"memory_gb={budget / 2**30:.3g} is too small for one member. "
            f"Allowed: {member_bytes / 2**30:.3g} or more."
        )
    return fitting


def pick(
    wanted: str, members: int, member_bytes: int, param_count: int, budget: int, backend: str
) -> tuple[str, int]:
    """Chooses the executor and the chunk.

    Args:
      wanted: auto, vmap, map or loop.
      members: size of the population.
      member_bytes: one member's memory while it trains.
      param_count: one member's parameters.
      budget: bytes that one device's share of the population may take.
      backend: cpu, gpu or tpu.

    Returns:
      (executor, chunk). `vmap` falls back to `map` when the whole does not fit the budget. The
      chunk is that of one device, and so is the budget.

    Raises:
      ConfigError: an unknown executor, or a budget that not even one member fits.
    """
    if wanted != "auto":
        lookup("executor", wanted, EXECUTORS | {"auto": None})
    fitting, members = check_budget(budget, member_bytes), share(members)
    # On a CPU a large member fills the cores alone, and its neighbours only spoil the caches.
    side_by_side = SIDE_BY_SIDE_PARAMS.get(backend, float("inf"))
    if wanted in ("map", "auto") and param_count > side_by_side:
        return "map", 1
    if wanted == "map":
        return "map", min(fitting, members)
    if wanted == "loop":
        return "loop", 1
    return ("vmap", members) if fitting >= members else ("map", fitting)


# Parameters a member above which `auto` runs members one after another (measured; see README).
SIDE_BY_SIDE_PARAMS = {"cpu": 100_000}
