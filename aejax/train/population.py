"""Populations: one function of a member, run for all members by interchangeable executors.

`vmap` runs them side by side, `map` in chunks one after another inside one program, `loop` calls a
single member's program for each. The numbers are the same (to rounding: batched and single matrix
products may sum in another order).

Where there are several devices, the members are spread over them, and the data is on all of them.
A CPU is as many devices as `use_cores` makes of it: small members gain nothing from a second core
each, but a member on each core trains twice as many (benchmarks/NOTES.md).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from aejax.errors import ConfigError, check_at_least, lookup
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


def stacked_shapes(shapes: PyTree, members: int) -> PyTree:
    """Returns the shapes of `members` members, from those of one."""
    return jax.tree.map(
        lambda one: jax.ShapeDtypeStruct(
            (members, *one.shape), one.dtype, weak_type=getattr(one, "weak_type", False)
        ),
        shapes,
    )


AXIS = "member"


def share(members: int) -> int:
    """Returns the members of one device, where each has as many: the last one may run copies."""
    return -(-members // jax.local_device_count())


def devices(members: int) -> int:
    """Returns how many devices a population is spread over."""
    return -(-members // share(members))


def _mesh(members: int) -> Mesh:
    return Mesh(np.asarray(jax.local_devices()[: devices(members)]), (AXIS,))


def _placement(members: int) -> NamedSharding:
    """Each device its members; all of them on every device where they do not divide evenly."""
    even = members % devices(members) == 0
    return NamedSharding(_mesh(members), PartitionSpec(AXIS) if even else PartitionSpec())


def _spread(run: Callable[..., PyTree], members: PyTree) -> Callable[..., PyTree]:
    """Returns `run(members, shared)` with each device running its share of the members."""
    count = size(members)
    if devices(count) == 1:
        return run
    missing = share(count) * devices(count) - count
    mine, all_of_it = PartitionSpec(AXIS), PartitionSpec()
    spread = jax.shard_map(
        run, mesh=_mesh(count), in_specs=(mine, all_of_it), out_specs=mine, check_vma=False
    )
    if not missing:
        return spread

    def filled_up(members: PyTree, shared: PyTree) -> PyTree:
        last = lambda leaf: jnp.concatenate([leaf, *[leaf[-1:]] * missing])
        done = spread(jax.tree.map(last, members), shared)
        cut = jax.tree.map(lambda leaf: leaf[:count], done)
        return jax.lax.with_sharding_constraint(cut, _placement(count))

    return filled_up


def place(tree: PyTree, members: int, executor: str, *, shared: bool = False) -> PyTree:
    """Puts arrays where an executor reads them; `loop` has one device.

    Args:
      tree: stacked [P, ...], or what all members read.
      members: P.
      executor: vmap, map or loop.
      shared: the tree has no member axis; each device gets all of it.
    """
    if executor == "loop" or devices(members) == 1:
        return jax.device_put(tree)
    everywhere = NamedSharding(_mesh(members), PartitionSpec())
    return jax.device_put(tree, everywhere if shared else _placement(members))


def _placed(members: PyTree, shared: PyTree) -> tuple[PyTree, PyTree]:
    """Returns the arguments' shapes with where they lie (`place`).

    Left to itself the compiler would look for all members' copies, on every device, of an argument
    that it finds no use for.
    """
    count = size(members)
    if devices(count) == 1:
        return members, shared
    at = lambda tree, sharding: jax.tree.map(
        lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=sharding), tree
    )
    everywhere = NamedSharding(_mesh(count), PartitionSpec())
    return at(members, _placement(count)), at(shared, everywhere)


def _vmap(fn: Member, members: PyTree, shared: PyTree, chunk: int, donate: bool) -> Program:
    run = _spread(jax.vmap(fn, (0, None)), members)
    return compile(run, *_placed(members, shared), donate=(0,) * donate)


def _map(fn: Member, members: PyTree, shared: PyTree, chunk: int, donate: bool) -> Program:
    def run(members: PyTree, shared: PyTree) -> PyTree:
        if size(members) == 1:
            # A batch of one costs a quarter of the speed.
            return jax.tree.map(lambda leaf: leaf[None], fn(member(members, 0), shared))
        # A chunk of one is a plain scan over members: no batched operations at all.
        many = None if chunk == 1 else chunk
        return jax.lax.map(lambda one: fn(one, shared), members, batch_size=many)

    return compile(_spread(run, members), *_placed(members, shared), donate=(0,) * donate)


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


def available_cores() -> int:
    """Returns the CPU's cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


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


def intermediate_bytes(trace: Any) -> int:
    """Returns an upper estimate of a program's scratch memory: every value of its trace, once."""
    return sum(
        int(np.prod(v.aval.shape)) * 4
        for eqn in trace.jaxpr.eqns
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


def fitting_on_device(budget: int, member_bytes: int, members: int, backend: str) -> int:
    """Returns how many members fit one device side by side; the devices of a CPU share its memory.

    Args:
      budget, member_bytes, members, backend: as in `pick`.

    Raises:
      ConfigError: not even one fits.
    """
    fitting = check_budget(budget, member_bytes)
    return max(1, fitting // devices(members)) if backend == "cpu" else fitting


def pick(
    wanted: str, members: int, member_bytes: int, param_count: int, budget: int, backend: str
) -> tuple[str, int]:
    """Chooses the executor and the chunk.

    Args:
      wanted: auto, vmap, map or loop.
      members: size of the population.
      member_bytes: one member's memory while it trains.
      param_count: one member's parameters.
      budget: bytes that the population may take; of each device, where each has its own memory.
      backend: cpu, gpu or tpu.

    Returns:
      (executor, chunk). `vmap` falls back to `map` when the whole does not fit the budget. The
      chunk is that of one device.

    Raises:
      ConfigError: an unknown executor, or a budget that not even one member fits.
    """
    if wanted != "auto":
        lookup("executor", wanted, EXECUTORS | {"auto": None})
    fitting = fitting_on_device(budget, member_bytes, members, backend)
    if wanted == "loop":
        return "loop", 1
    members = share(members)
    limit = SIDE_BY_SIDE_PARAMS.get(backend)
    if limit is not None and wanted in ("map", "auto"):
        fitting = min(fitting, max(1, limit // max(1, param_count)))
    if wanted == "map" or (wanted == "auto" and members == 1):
        return "map", min(fitting, members)
    return ("vmap", members) if fitting >= members else ("map", fitting)


# Parameters side by side above which `auto` and `map` run members one after another: on a CPU a
# chunk's parameters and their three copies in the optimiser are to stay in a core's cache.
SIDE_BY_SIDE_PARAMS = {"cpu": 65_536}


def use_cores(cores: int | None = None) -> None:
    """Makes a device of each of the CPU's cores, over which populations are spread.

    To be called before the first computation of the process; `JAX_NUM_CPU_DEVICES` has the say.

    Args:
      cores: how many; None: those that this process may use.

    Raises:
      ConfigError: fewer than one.
    """
    if "JAX_NUM_CPU_DEVICES" in os.environ:
        return
    cores = available_cores() if cores is None else cores
    check_at_least("cores", cores, 1)
    jax.config.update("jax_num_cpu_devices", int(cores))
