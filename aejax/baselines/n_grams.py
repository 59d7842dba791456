"""A character n-gram model, the generator without a network: contexts counted, and smoothed."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from aejax.errors import ConfigError
from aejax.likelihoods.tokens import END, PADDING


class _Order(NamedTuple):
    """Counts of what follows contexts of one length; a key is the context's ids in base V."""

    keys: np.ndarray  # int64 [K], context and next token, sorted
    ends: np.ndarray  # int64 [K], counts summed up to and with the key


class NGrams(NamedTuple):
    """p(w | h) = (c(h, w) + alpha p(w | h')) / (c(h) + alpha), h' being h without its first token.

    The hierarchical Dirichlet model's mean. MacKay & Peto 1995. The empty context backs off to the
    uniform distribution over the end and the words; before a sequence stands padding.
    """

    orders: tuple[_Order, ...]  # contexts of 0, 1, ... tokens
    vocabulary: int  # V, ids with padding and end
    alpha: float

    def log_p(self, ids: np.ndarray) -> np.ndarray:
        """Returns log p of sequences in nats: ids [N, T], each with its end -> [N]."""
        table, longest = _ids(ids), len(self.orders) - 1
        padded = np.pad(table, ((0, 0), (longest, 0)), constant_values=PADDING)
        p = np.full(table.shape, 1 / (self.vocabulary - 1))
        for k, order in enumerate(self.orders):
            low, high = self._range(order, self._context(padded, k, longest))
            key = self._context(padded, k, longest) * self.vocabulary + table
            at = np.minimum(np.searchsorted(order.keys, key), len(order.keys) - 1)
            before = np.where(at > 0, order.ends[at - 1], 0)
            count = np.where(order.keys[at] == key, order.ends[at] - before, 0)
            p = (count + self.alpha * p) / (high - low + self.alpha)
        return np.where(table == PADDING, 0, np.log(p)).sum(1)

    def sample(self, count: int, length: int, seed: int) -> np.ndarray:
        """Returns ids [count, length]; a sequence without an end in `length` has none.

        From the longest context, with chance c(h) / (c(h) + alpha) the next token is drawn by that
        context's counts, and else by the shorter one: which is the model exactly.
        """
        random = np.random.RandomState(seed)
        longest = len(self.orders) - 1
        table = np.full((count, longest + length), PADDING, np.int64)
        for t in range(length):
            here = table[:, t : t + longest]
            ended = (table[:, longest : longest + t] == END).any(1)
            drawn = 1 + random.randint(self.vocabulary - 1, size=count)
            waiting = ~ended
            for k in range(longest, -1, -1):
                context = _key(here[:, longest - k :], self.vocabulary)
                low, high = self._range(self.orders[k], context)
                stays = random.rand(count) * (high - low + self.alpha) < high - low
                place = low + np.floor(random.rand(count) * (high - low)).astype(np.int64)
                at = np.searchsorted(self.orders[k].ends, place, side="right")
                at = np.minimum(at, len(self.orders[k].keys) - 1)
                token = self.orders[k].keys[at] % self.vocabulary
                drawn = np.where(waiting & stays, token, drawn)
                waiting &= ~stays
            table[:, longest + t] = np.where(ended, PADDING, drawn)
        return table[:, longest:]

    def _range(self, order: _Order, context: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Returns sums of counts before a context's first key and at its last."""
        ends = np.concatenate([[0], order.ends])
        first = np.searchsorted(order.keys, context * self.vocabulary)
        last = np.searchsorted(order.keys, (context + 1) * self.vocabulary)
        return ends[first], ends[last]

    def _context(self, padded: np.ndarray, size: int, longest: int) -> np.ndarray:
        return _contexts(padded, size, longest, self.vocabulary)


def _ids(ids: np.ndarray) -> np.ndarray:
    return np.asarray(ids).round().astype(np.int64)


def _key(window: np.ndarray, vocabulary: int) -> np.ndarray:
    """Returns ids [..., k] as a number in base V."""
    found = np.zeros(window.shape[:-1], np.int64)
    for i in range(window.shape[-1]):
        found = found * vocabulary + window[..., i]
    return found


def _contexts(padded: np.ndarray, size: int, longest: int, vocabulary: int) -> np.ndarray:
    """Returns the keys [N, T] of the `size` tokens before each step of padded [N, longest + T]."""
    steps = padded.shape[1] - longest
    found = np.zeros((len(padded), steps), np.int64)
    for i in range(longest - size, longest):
        found = found * vocabulary + padded[:, i : i + steps]
    return found


def longest_context(vocabulary: int) -> int:
    """Returns how many tokens a context may have, so that its number fits into 64 bits."""
    most = 0
    while (vocabulary + 1) ** (most + 2) < 2**63:
        most += 1
    return most


def n_grams(ids: np.ndarray, vocabulary: int, context: int, alpha: float) -> NGrams:
    """Counts sequences.

    Args:
      ids: [N, T], each with its end; padding (0) is not counted.
      vocabulary: V, ids with padding and end.
      context: tokens that the next one depends on.
      alpha: how many occurrences of a context the shorter one is worth.

    Raises:
      ConfigError: alpha of 0 or less, or a context whose number does not fit into 64 bits.
    """
    if not (alpha > 0 and 0 <= context <= longest_context(vocabulary)):
        raise ConfigError(
            f"n-grams of context={context!r}, alpha={alpha!r}, vocabulary={vocabulary!r}. Allowed: "
            f"alpha above 0, and a context of 0 to {longest_context(vocabulary)}."
        )
    table = _ids(ids)
    padded = np.pad(table, ((0, 0), (context, 0)), constant_values=PADDING)
    orders = []
    for k in range(context + 1):
        keys = _contexts(padded, k, context, vocabulary) * vocabulary + table
        found, counts = np.unique(keys[table != PADDING], return_counts=True)
        orders.append(_Order(found, np.cumsum(counts)))
    return NGrams(tuple(orders), vocabulary, float(alpha))
