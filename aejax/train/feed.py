"""What the chunks of a run are given: the table, put on the device once, or rows when needed.

A streamed run reads a piece of a chunk on the host while the one before it trains. The rows of a
step are those that it would have had of a table (`order.py`), so that it equals a run whose table
is on the device bit for bit, and goes on without a state of its own. Members of one seed share
their batches, which are read and kept once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from aejax.errors import lookup
from aejax.train.compile import compile
from aejax.train.order import Batches, batch_indices
from aejax.train.plan import Segment
from aejax.train.population.choice import available_bytes
from aejax.types import Array, PyTree

PIECE_BYTES = 2**27  # of rows that a program is given at a time; two such pieces are in memory

# Whether rows are streamed, by the bytes of the table.
STREAMS: dict[str, Callable[[int], bool]] = {
    "auto": lambda size: size > available_bytes(),
    "on": lambda size: True,
    "off": lambda size: False,
}


def streams(wanted: str, table: PyTree) -> bool:
    """Returns whether a run streams its rows.

    Args:
      wanted: a name of STREAMS.
      table: the training rows.

    Raises:
      ConfigError: an unknown name.
    """
    return lookup("stream", wanted, STREAMS)(sum(leaf.nbytes for leaf in jax.tree.leaves(table)))


class FeedSpec(NamedTuple):
    """What programs are compiled for.

    Attributes:
      table: shapes of the training rows.
      batch_size: rows a step.
      orders: of the data, one for each seed, in streamed rows; 0: the table is on the device.
      piece_bytes: of rows that a program is given at a time.
    """

    table: PyTree
    batch_size: int
    orders: int = 0
    piece_bytes: int = 0

    def pieces(self, segment: Segment) -> list[Segment]:
        """Returns the equal parts in which a segment is run: whole windows of its curves, or parts
        of one, such that their rows take at most `piece_bytes` where a step's do."""
        if not self.orders:
            return [segment]
        leaves = jax.tree.leaves(self.table)
        row = sum(leaf.dtype.itemsize * int(np.prod(leaf.shape[1:])) for leaf in leaves)
        most = max(1, self.piece_bytes // (self.orders * self.batch_size * row))
        window = segment.length // segment.points
        windows = _divisor(segment.points, most // window) if window <= most else 1
        length = windows * window if window <= most else _divisor(window, most)
        last = segment.length - length
        return [
            Segment(
                segment.stage, segment.start + at, length, windows, segment.measured and at == last
            )
            for at in range(0, segment.length, length)
        ]

    def shape(self, length: int) -> PyTree:
        """Returns the shapes of what a program of `length` steps is given."""
        if not self.orders:
            return self.table
        key = jax.eval_shape(lambda: jax.random.key_data(jax.random.key(0)))
        lead = (self.orders, length, self.batch_size)
        at = lambda leaf: jax.ShapeDtypeStruct((*lead, *leaf.shape[1:]), leaf.dtype)
        keys = jax.ShapeDtypeStruct((self.orders, *key.shape), key.dtype)
        return Batches(keys, jax.tree.map(at, self.table))


def example(spec: FeedSpec, table: PyTree, length: int) -> PyTree:
    """Returns what a piece of `length` steps might be given, to time programs with."""
    if not spec.orders:
        return table
    shape = spec.shape(length)
    keys = np.zeros(shape.keys.shape, shape.keys.dtype)
    count = spec.orders * length * spec.batch_size
    some = np.arange(count).reshape(spec.orders, length, -1) % spec.table.shape[0]
    return Batches(keys, jax.tree.map(lambda leaf: rows_at(leaf, some), table))


def _divisor(number: int, most: int) -> int:
    """Returns the largest divisor of a number that is at most `most`."""
    return max(d for d in range(1, min(number, most) + 1) if number % d == 0)


def joined(records: Sequence[dict[str, np.ndarray]], points: int) -> dict[str, np.ndarray]:
    """Returns the means [P, points] of a segment's windows, from those of its pieces."""
    if len(records) == 1:
        return dict(records[0])
    whole = {name: np.concatenate([r[name] for r in records], axis=-1) for name in records[0]}
    return {n: v.reshape(*v.shape[:-1], points, -1).mean(-1) for n, v in whole.items()}


class Resident:
    """A table on the device: every piece is given all of it."""

    def __init__(self, table: PyTree):
        self._table = table

    def next(self) -> PyTree:
        """Returns what the next piece is given."""
        return self._table

    def close(self) -> None:
        """Nothing is under way."""


class Streamed:
    """Rows of a table on the host, read in the members' orders, a piece ahead of the programs."""

    def __init__(
        self, table: PyTree, keys: np.ndarray, spec: FeedSpec, run: Iterable[Segment],
        put: Callable[[PyTree], PyTree],
    ):  # fmt: skip
        """Begins to read.

        Args:
          table: rows [N, *shape], NumPy arrays, which may be memory-mapped.
          keys: raw keys of the orders, [S, ...].
          spec: of the table.
          run: all pieces, in the order in which they are asked for.
          put: places what all members read.
        """
        self._table = jax.tree.map(np.asarray, table)
        self._keys, self._spec, self._put = keys, spec, put
        self._orders: dict[int, Callable[..., Array]] = {}
        self._run = iter(run)
        self._pool = ThreadPoolExecutor(1, "rows")
        self._ahead = self._begin()

    def _order(self, length: int) -> Callable[..., Array]:
        """Returns the program (keys, start) -> rows' numbers [S, length, B]."""
        if length not in self._orders:
            n, batch_size = self._spec.table.shape[0], self._spec.batch_size

            def order(keys: Array, start: Array) -> Array:
                of = lambda key: batch_indices(key, start, length, n, batch_size)
                return jax.vmap(of)(jax.random.wrap_key_data(keys))

            keys = jax.ShapeDtypeStruct(self._keys.shape, self._keys.dtype)
            start = jax.ShapeDtypeStruct((), jnp.int32)
            self._orders[length] = compile(order, keys, start).call
        return self._orders[length]

    def _begin(self) -> Future[PyTree] | None:
        piece = next(self._run, None)
        if piece is None:
            return None
        order = self._order(piece.length)  # compiled in the thread that counts compilations
        return self._pool.submit(self._read, order, piece.start)

    def _read(self, order: Callable[..., Array], start: int) -> PyTree:
        indices = np.asarray(order(self._keys, np.int32(start)))
        return jax.tree.map(lambda leaf: rows_at(leaf, indices), self._table)

    def next(self) -> Batches:
        """Returns the batches of the next piece, and begins to read those of the one after it."""
        assert self._ahead is not None
        rows = self._ahead.result()
        self._ahead = self._begin()
        return self._put(Batches(self._keys, rows))

    def close(self) -> None:
        """Ends reading."""
        self._pool.shutdown(cancel_futures=True)


Feed = Resident | Streamed


def feed_of(
    spec: FeedSpec, table: PyTree, keys: PyTree, run: Iterable[Segment],
    put: Callable[[PyTree], PyTree],
) -> Feed:  # fmt: skip
    """Returns what gives the pieces of a run their rows.

    Args:
      spec: of the table.
      table: the training rows.
      keys: typed keys of the members, [P].
      run: all pieces, in order.
      put: places what all members read.
    """
    if not spec.orders:
        return Resident(put(table))
    return Streamed(table, orders_of(keys), spec, run, put)


def rows_at(table: Any, indices: np.ndarray) -> np.ndarray:
    """Returns rows of a table [N, ...] as [*indices.shape, ...], read in the order of the file."""
    flat = indices.reshape(-1)
    order = np.argsort(flat)
    found = np.empty((len(flat), *table.shape[1:]), table.dtype)
    found[order] = table[flat[order]]
    return found.reshape(*indices.shape, *table.shape[1:])


def orders_of(keys: PyTree) -> np.ndarray:
    """Returns the distinct raw keys [S, ...] of members' typed keys [P]."""
    return np.unique(np.asarray(jax.random.key_data(keys)), axis=0)
