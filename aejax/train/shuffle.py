"""Permutations without a sort: the image of an index is computed, for the indices needed.

XLA's sort on a CPU takes longer for one epoch of 12,800 rows than a small autoencoder takes for
thirty steps, and a population needs one for every member (benchmarks/NOTES.md).
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp

from aejax.types import Array

PAIRS = 4  # of Feistel rounds; a pair changes each half of the index once
FEW = 128  # up to so many rows are sorted by random numbers: there a network is far from uniform


def _mix(value: Array, key: Array) -> Array:
    """Returns 32 bits that depend on all bits of both: a multiplicative hash of two rounds."""
    value = (value ^ key) * jnp.uint32(0x9E3779B1)
    value = (value ^ (value >> 15)) * jnp.uint32(0x85EBCA6B)
    return value ^ (value >> 13)


def round_keys(key: Array) -> Array:
    """Returns uint32 [2 PAIRS], what `permuted` needs of a typed key."""
    return jax.random.bits(key, (2 * PAIRS,), jnp.uint32)


def permuted(index: Array, words: Array, n: int) -> Array:
    """Returns where a permutation of 0..n-1 sends each index.

    A Feistel network (Luby & Rackoff 1988) permutes 0..2^k - 1, the least such range that holds n;
    an image outside 0..n-1 is permuted again until it is inside (cycle walking: Black & Rogaway
    2002). Over 4,000 keys, images and pairs of images are uniform for n of a few dozen or more; for
    fewer they are not (of 5 rows some orders come 4.7 times too often, of 2^k rows the even ones
    alone), and up to FEW rows the permutation is `jax.random.permutation`.

    Args:
      index: integers in 0..n-1, [..., B].
      words: from `round_keys`, [..., 2 PAIRS]: each row its own permutation.
      n: at most 2^31.
    """
    if n <= FEW:
        return _sorted(words, n)(index)
    bits = max(2, (n - 1).bit_length())
    low = bits // 2
    low_mask = jnp.uint32((1 << low) - 1)
    high_mask = jnp.uint32((1 << (bits - low)) - 1)

    def once(x: Array) -> Array:
        left, right = x >> low, x & low_mask
        for pair in range(PAIRS):
            left ^= _mix(right, words[..., 2 * pair, None]) & high_mask
            right ^= _mix(left, words[..., 2 * pair + 1, None]) & low_mask
        return (left << low) | right

    limit = jnp.uint32(n)
    walked = jax.lax.while_loop(
        lambda x: jnp.any(x >= limit),
        lambda x: jnp.where(x >= limit, once(x), x),
        once(index.astype(jnp.uint32)),
    )
    return walked.astype(jnp.int32)


def _sorted(words: Array, n: int) -> Callable[[Array], Array]:
    """Returns index [..., B] -> its image, under a permutation for each row of words."""
    draw = lambda w: jax.random.permutation(jax.random.wrap_key_data(w, impl="threefry2x32"), n)
    flat = words[..., :2].reshape(-1, 2)
    orders = jax.vmap(draw)(flat).reshape(*words.shape[:-1], n)

    def image(index: Array) -> Array:
        lead = jnp.broadcast_shapes(index.shape[:-1], orders.shape[:-1])
        spread = jnp.broadcast_to(orders, (*lead, n))
        at = jnp.broadcast_to(index.astype(jnp.int32), (*lead, index.shape[-1]))
        return jnp.take_along_axis(spread, at, axis=-1).astype(jnp.int32)

    return image
