"""Where members live: spread over the devices, with the data on each of them.

A CPU counts as as many devices as `use_cores` makes of it: a small member gains nothing from a
second core, but one member on each core trains twice as many (benchmarks/NOTES.md).

A population is split in parts, one a device. A run that goes on where there are fewer devices keeps
its parts, several on a device: each part has the shapes that it began with. Its bits are the same
where the compiler makes the same of them, which is in most models, else equal but for rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from aejax.train.population.stacked import size
from aejax.types import PyTree

AXIS = "member"


_parts: ContextVar[int | None] = ContextVar("parts", default=None)
_described: ContextVar[tuple[jax.Device, ...] | None] = ContextVar("described", default=None)


@contextmanager
def split_in(count: int | None) -> Iterator[None]:
    """Within it, populations are split in so many parts; None: as there are devices."""
    token = _parts.set(count)
    try:
        yield
    finally:
        _parts.reset(token)


@contextmanager
def described(there: Sequence[jax.Device]) -> Iterator[None]:
    """Within it, programs are compiled for these devices, which need not be here.

    Args:
      there: of a topology (`jax.experimental.topologies`).
    """
    token = _described.set(tuple(there))
    try:
        yield
    finally:
        _described.reset(token)


def _there() -> Sequence[jax.Device]:
    return _described.get() or jax.local_devices()


def share(members: int) -> int:
    """Returns how many members a part has; the last one may have copies to fill its share."""
    return -(-members // (_parts.get() or len(_there())))


def parts(members: int) -> int:
    """Returns how many parts a population is split in."""
    return -(-members // share(members))


def devices(members: int) -> int:
    """Returns how many devices a population is spread over: each has as many parts."""
    count = parts(members)
    there = range(min(count, len(_there())), 0, -1)
    return next(n for n in there if count % n == 0)


def _mesh(members: int) -> Mesh:
    return Mesh(np.asarray(_there()[: devices(members)]), (AXIS,))


def _placement(members: int) -> NamedSharding:
    """Each device its members; all of them on every device where they do not divide evenly."""
    even = members % devices(members) == 0
    return NamedSharding(_mesh(members), PartitionSpec(AXIS) if even else PartitionSpec())


def spread(run: Callable[..., PyTree], members: PyTree) -> Callable[..., PyTree]:
    """Returns `run(members, shared)` with each device running its share of the members."""
    count = size(members)
    if parts(count) == 1:
        return run
    on, within = devices(count), parts(count) // devices(count)
    missing = share(count) * parts(count) - count

    def in_turn(members: PyTree, shared: PyTree) -> PyTree:
        # Written out: in a loop of the compiler's, its body is fused in other ways.
        cut = lambda i: jax.tree.map(lambda leaf: jnp.split(leaf, within)[i], members)
        done = [run(cut(i), shared) for i in range(within)]
        return jax.tree.map(lambda *leaves: jnp.concatenate(leaves), *done)

    sharded = run if within == 1 else in_turn
    if on > 1:
        mine, replicated = PartitionSpec(AXIS), PartitionSpec()
        sharded = jax.shard_map(
            sharded, mesh=_mesh(count), in_specs=(mine, replicated), out_specs=mine, check_vma=False
        )
    if not missing:
        return sharded

    def padded(members: PyTree, shared: PyTree) -> PyTree:
        fill = lambda leaf: jnp.concatenate([leaf, *[leaf[-1:]] * missing])
        done = sharded(jax.tree.map(fill, members), shared)
        cut = jax.tree.map(lambda leaf: leaf[:count], done)
        return cut if on == 1 else jax.lax.with_sharding_constraint(cut, _placement(count))

    return padded


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


def placed_shapes(members: PyTree, shared: PyTree) -> tuple[PyTree, PyTree]:
    """Returns the arguments' shapes with the shardings that `place` gives them.

    Without these, the compiler would expect an argument that it finds no use for to be replicated.
    """
    count = size(members)
    if devices(count) == 1 and not _described.get():
        return members, shared
    at = lambda tree, sharding: jax.tree.map(
        lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=sharding), tree
    )
    everywhere = NamedSharding(_mesh(count), PartitionSpec())
    return at(members, _placement(count)), at(shared, everywhere)
