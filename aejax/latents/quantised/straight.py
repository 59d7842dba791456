"""What discrete codes share: a gradient through a choice, draws of codes."""

from __future__ import annotations

import jax

from aejax.types import Array


@jax.custom_jvp
def straight_through(value: Array, through: Array) -> Array:
    """Returns `value`, to the bit; its derivative is that of `through`. Bengio et al. 2013.

    van den Oord 2017, section 3.2: the decoder's gradient reaches the encoder as if quantisation
    were the identity.

    Args:
      value: the discrete code.
      through: of the same shape, what it was made from.
    """
    return value


@straight_through.defjvp
def _straight_through_jvp(primals, tangents):
    return primals[0], tangents[1]


def uniform_index(key: Array, n: int, groups: int, codes: int) -> Array:
    """Returns n draws of `groups` choices among `codes`, uniformly: int32 [n, groups]."""
    return jax.random.randint(key, (n, groups), 0, codes)
