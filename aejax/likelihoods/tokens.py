"""Sequences of tokens as plain tables of ids, and p(x | logits) with padding masked.

0 is padding, 1 ends a sequence, words are 2 and up. Whole numbers up to 2^24 are exact in float32,
so that tokens travel on the same device table as pixels.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from aejax.errors import ConfigError
from aejax.types import Array, Likelihood

PADDING, END = 0, 1


def check_vocabulary(vocabulary: int) -> int:
    """Returns `vocabulary`; raises ConfigError unless it holds padding, end and a word at least."""
    whole = isinstance(vocabulary, int) and not isinstance(vocabulary, bool)
    if not whole or vocabulary < 3:
        raise ConfigError(
            f"vocabulary={vocabulary!r} is out of range. Allowed: an integer of 3 or more, "
            "for padding (0), the end (1) and the words (2 and up)."
        )
    return vocabulary


def to_ids(x: Array) -> Array:
    """Returns int32 ids of a float table's tokens."""
    return jnp.round(x).astype(jnp.int32)


def count_words(ids: Array) -> Array:
    """Returns how many tokens of ids [B, T] are words, neither end nor padding: int32 [B]."""
    return jnp.sum(ids > END, axis=1)


def cut(ids: Array) -> Array:
    """Returns ids [B, T] with padding after the first end."""
    ended = jnp.cumsum(ids == END, axis=1) - (ids == END)
    return jnp.where(ended > 0, PADDING, ids)


def best(logits: Array) -> Array:
    """Returns the likeliest token, int32 [...], of logits [..., V - 1]; never padding."""
    return jnp.argmax(logits, axis=-1).astype(jnp.int32) + 1


def categorical(vocabulary: int) -> Likelihood:
    """Tokens, each a softmax over the ids 1 .. V - 1; nats per sequence, padding not counted.

    Equation: -log p(x | out) = -sum_{t: x_t > 0} log softmax(out_t)[x_t - 1]. Padding is no symbol
    of the alphabet: it has no logit, and where x holds it the sum has no summand, so that padding
    a table to a greater length changes nothing. `out` is [B, T, V - 1]; `mean` is the likeliest
    sequence, cut after its end, as float ids.

    Args:
      vocabulary: V, the number of ids with padding and end.

    Raises:
      ConfigError: a vocabulary below 3.
    """
    words = check_vocabulary(vocabulary) - 1

    def nll(logits: Array, x: Array) -> Array:
        # The one-hot row of padding (-1) is zero: it masks by itself.
        target = jax.nn.one_hot(to_ids(x) - 1, words, dtype=logits.dtype)
        return -jnp.sum(target * jax.nn.log_softmax(logits, axis=-1), axis=(1, 2))

    def sample(key: Array, logits: Array) -> Array:
        return cut(jax.random.categorical(key, logits).astype(jnp.int32) + 1).astype(jnp.float32)

    return Likelihood(
        name="categorical",
        outputs=words,
        nll=nll,
        mean=lambda logits: cut(best(logits)).astype(jnp.float32),
        sample=sample,
        support=(0.0, float(words)),
        integers=True,
    )
