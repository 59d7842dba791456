"""Finite scalar quantisation: numbers squashed and rounded; the codebook is a grid."""

from __future__ import annotations

from itertools import accumulate
from math import prod
from operator import mul

import jax.numpy as jnp
import numpy as np

from aejax.errors import ConfigError, check_size
from aejax.latents.quantised.straight import straight_through, uniform_index
from aejax.types import Array, Latent, LatentSpace, Variables

Levels = tuple[int, ...]


def check_levels(levels: Levels) -> Levels:
    """Returns `levels`; raises ConfigError unless each is 2 or more and a code fits an int32."""
    checked = tuple(check_size("levels", level, 2) for level in levels)
    if not checked or prod(checked) >= 2**31:
        raise ConfigError(
            f"levels={levels!r} is no grid. Allowed: one number or more, each 2 or more, their "
            "product below 2^31."
        )
    return checked


def _along(numbers: Levels, rank: int) -> np.ndarray:
    """One number a channel, for arrays of that rank whose last axis is the channels."""
    return np.array(numbers, np.int32).reshape((1,) * (rank - 1) + (-1,))


def _radix(levels: Levels) -> Levels:
    """What each digit counts in the index: 1, l_1, l_1 l_2, ..."""
    return tuple(accumulate((1, *levels[:-1]), mul))


def fsq_values(digits: Array, levels: Levels) -> Array:
    """Digits 0..l-1 -> l values evenly spaced over [-1, 1]; [..., c] both."""
    top = (_along(levels, digits.ndim) - 1).astype(np.float32)
    return 2.0 * digits / top - 1.0


def fsq_index(digits: Array, levels: Levels) -> Array:
    """Digits [..., c] of mixed radix -> one number in 0..prod(levels)-1, int32 [...]."""
    return jnp.sum(digits.astype(jnp.int32) * _along(_radix(levels), digits.ndim), axis=-1)


def fsq_digits(index: Array, levels: Levels) -> Array:
    """The inverse of `fsq_index`: int32 [...] -> [..., c]."""
    rank = index.ndim + 1
    return index[..., None] // _along(_radix(levels), rank) % _along(levels, rank)


def unit_mean_square(h: Array) -> Array:
    """h / sqrt(mean over channels of h^2): [B, n] both. Zhang & Sennrich 2019, equation 4."""
    return h / jnp.sqrt(jnp.mean(jnp.square(h), axis=-1, keepdims=True) + 1e-5)


def finite_scalar(groups: int, levels: Levels, normalise: bool = True) -> LatentSpace:
    """z_i = the nearest of l_i values in [-1, 1] to tanh(h_i). Mentzer et al. 2023, section 3.1.

    Each of G groups has a channel for each of `levels`: prod(levels) codes, none of which has to be
    learned. The values are evenly spaced from -1 to 1 whether l is odd or even; the authors keep
    zero among them, and so shift by half a step where l is even. The gradient is that of tanh.

    The gradient vanishes where tanh is saturated, and nothing brings a channel back from there. The
    first steps push all rows' h the same way, and a dense encoder then loses most of its channels;
    `normalise` holds h to a mean square of 1.

    Args:
      groups: G.
      levels: number of values of each channel of a group.
      normalise: divide h by its root mean square over the channels of the row.

    Raises:
      ConfigError: groups below 1, a level below 2.
    """
    groups, levels = check_size("groups", groups), check_levels(levels)
    channels, codes = len(levels), prod(levels)

    def apply(variables: Variables, h: Array, key: Array | None) -> Latent:
        h = unit_mean_square(h) if normalise else h
        squashed = jnp.tanh(h.reshape(h.shape[0], groups, channels))
        top = (_along(levels, 3) - 1).astype(np.float32)
        digits = jnp.round(0.5 * (squashed + 1.0) * top)
        z = straight_through(fsq_values(digits, levels), squashed).reshape(h.shape)
        return Latent(z=z, mean=z, index=fsq_index(digits, levels))

    def prior(variables: Variables, key: Array, n: int) -> Array:
        index = uniform_index(key, n, groups, codes)
        return fsq_values(fsq_digits(index, levels), levels).reshape(n, groups * channels)

    return LatentSpace(
        size=groups * channels,
        outputs=groups * channels,
        apply=apply,
        prior=prior,
        codes=codes,
    )
