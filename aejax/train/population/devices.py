"""Where members live: spread over the devices, with the data on each of them.

A CPU counts as as many devices as `use_cores` makes of it: a small member gains nothing from a
second core, but one member on each core trains twice as many (benchmarks/NOTES.md).

A population is split in parts, one a device. A run that goes on where there are fewer devices keeps
its parts, several on a device: each part has the shapes that it began with. Its bits are the same
where the compiler makes the same of them, which is in most models, else equal but for rounding.

Where devices are left over, each part can have several: its members' batches are split over them,
on a ("member", "data") mesh. The program is the same, of the whole batch; XLA's partitioner puts
collectives where rows meet (GSPMD), so that a loss that is no mean over rows is what it was, but
for rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec

from aejax.backend import SPLIT_FLOPS, here
from aejax.errors import lookup
from aejax.train.population.stacked import size
from aejax.types import PyTree

AXIS, ROWS = "member", "data"

_parts: ContextVar[int | None] = ContextVar("parts", default=None)
_ways: ContextVar[int] = ContextVar("ways", default=1)
_described: ContextVar[tuple[Any, ...] | None] = ContextVar("described", default=None)


@contextmanager
def split_in(count: int | None, ways: int = 1) -> Iterator[None]:
    """Within it, populations are split in parts, and their batches in ways.

    Args:
      count: parts; None: as there are devices.
      ways: devices that a part's batches are split over, from `ways_of`.
    """
    token, other = _parts.set(count), _ways.set(ways)
    try:
        yield
    finally:
        _parts.reset(token)
        _ways.reset(other)


@contextmanager
def described(there: Sequence[Any]) -> Iterator[None]:
    """Within it, programs are compiled for these devices, which need not be here.

    Args:
      there: of a topology (`jax.experimental.topologies`).
    """
    token = _described.set(tuple(there))
    try:
        yield
    finally:
        _described.reset(token)


def _there() -> Sequence[Any]:
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


# Whether batches are split, by the FLOPs of a step of a part.
SPLITS: dict[str, Callable[[float], bool]] = {
    "auto": lambda flops: flops >= here(SPLIT_FLOPS, float("inf")),
    "on": lambda flops: True,
    "off": lambda flops: False,
}


def ways_of(wanted: str, members: int, batch_size: int, flops: float) -> int:
    """Returns over how many devices each part's batches are split: those that parts leave over.

    Args:
      wanted: a name of SPLITS.
      members: of the population.
      batch_size: rows, which every device has as many of.
      flops: of a step of one member.
    """
    spare = len(_there()) // devices(members)
    if not lookup("split_batch", wanted, SPLITS)(flops * share(members)):
        return 1
    return next(n for n in range(spare, 0, -1) if batch_size % n == 0)


def split(members: int) -> tuple[int, int]:
    """Returns the parts and the ways that hold now: what a compiled program depends on."""
    return parts(members), _ways.get()


def split_rows(batch: PyTree) -> PyTree:
    """Splits a batch [B, ...] of one member over the devices of its part."""
    if _ways.get() == 1:
        return batch
    return jax.lax.with_sharding_constraint(batch, PartitionSpec(ROWS))


def whole(tree: PyTree) -> PyTree:
    """Gives each device of a part all of a member's arrays."""
    return tree if _ways.get() == 1 else jax.lax.with_sharding_constraint(tree, PartitionSpec())


def _mesh(members: int) -> Mesh:
    on, ways = devices(members), _ways.get()
    there = _there()[: on * ways]
    if ways == 1:
        return Mesh(np.asarray(there), (AXIS,))
    auto = (AxisType.Auto, AxisType.Auto)
    return jax.make_mesh((on, ways), (AXIS, ROWS), auto, devices=there)


def _placement(members: int) -> NamedSharding:
    """Each device its members; all of them on every device where they do not divide evenly."""
    even = members % devices(members) == 0
    return NamedSharding(_mesh(members), PartitionSpec(AXIS) if even else PartitionSpec())


def spread(run: Callable[..., PyTree], members: PyTree) -> Callable[..., PyTree]:
    """Returns `run(members, shared)` with each device running its share of the members."""
    count = size(members)
    ways = _ways.get()
    if parts(count) == 1 and ways == 1:
        return run
    on, within = devices(count), parts(count) // devices(count)
    missing = share(count) * parts(count) - count

    def in_turn(members: PyTree, shared: PyTree) -> PyTree:
        # Written out: in a loop of the compiler's, its body is fused in other ways.
        cut = lambda i: jax.tree.map(lambda leaf: jnp.split(leaf, within)[i], members)
        done = [run(cut(i), shared) for i in range(within)]
        return jax.tree.map(lambda *leaves: jnp.concatenate(leaves), *done)

    sharded = run if within == 1 else in_turn
    if on * ways > 1:
        mine, replicated = PartitionSpec(AXIS), PartitionSpec()
        # By hand over the members alone: over rows, the partitioner splits.
        sharded = jax.shard_map(
            sharded,
            mesh=_mesh(count),
            in_specs=(mine, replicated),
            out_specs=mine,
            axis_names={AXIS},
            check_vma=False,
        )
    if not missing and ways == 1:
        return sharded

    def padded(members: PyTree, shared: PyTree) -> PyTree:
        fill = lambda leaf: jnp.concatenate([leaf, *[leaf[-1:]] * missing])
        done = sharded(jax.tree.map(fill, members) if missing else members, shared)
        cut = jax.tree.map(lambda leaf: leaf[:count], done) if missing else done
        if on * ways == 1:
            return cut
        return jax.lax.with_sharding_constraint(cut, _placement(count))

    return padded


def place(tree: PyTree, members: int, executor: str, *, shared: bool = False) -> PyTree:
    """Puts arrays where an executor reads them; `loop` has one device.

    Args:
      tree: stacked [P, ...], or what all members read.
      members: P.
      executor: vmap, map or loop.
      shared: the tree has no member axis; each device gets all of it.
    """
    if executor == "loop" or devices(members) * _ways.get() == 1:
        return jax.device_put(tree)
    everywhere = NamedSharding(_mesh(members), PartitionSpec())
    return jax.device_put(tree, everywhere if shared else _placement(members))


def placed_shapes(members: PyTree, shared: PyTree) -> tuple[PyTree, PyTree]:
    """Returns the arguments' shapes with the shardings that `place` gives them.

    Without these, the compiler would expect an argument that it finds no use for to be replicated.
    """
    count = size(members)
    if devices(count) * _ways.get() == 1 and not _described.get():
        return members, shared
    at = lambda tree, sharding: jax.tree.map(
        lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=sharding), tree
    )
    everywhere = NamedSharding(_mesh(count), PartitionSpec())
    return at(members, _placement(count)), at(shared, everywhere)
