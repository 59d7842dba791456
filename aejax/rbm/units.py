"""Stochastic units of Boltzmann machines: exponential families, one form for all kinds.

A layer s of units with natural parameter a has p(s | a) = exp(<a, s> - base(s) - A(a)), A being the
log-normaliser. A restricted Boltzmann machine joins any two of them (Welling et al. 2005).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from aejax.errors import ConfigError
from aejax.likelihoods.pixels import LOG_2PI
from aejax.types import Array


class Units(NamedTuple):
    """One kind of unit; a layer of n of them is an array [B, n].

    `scale`: a state is this many times the datum or code that it stands for. `activation` is the
    deterministic unit that an unrolled network puts in its place, a name of
    `aejax.nets.ACTIVATIONS`, and `mean` of a state is that activation times `scale`; "" where no
    elementwise activation equals the mean. `bounded` says whether states are bounded, so that the
    classic learning rate does not diverge.
    """

    name: str
    log_normaliser: Callable[[Array], Array]  # a [B, n] -> [B]
    mean: Callable[[Array], Array]  # a [B, n] -> [B, n]
    sample: Callable[[Array, Array], Array]  # (key, a [B, n]) -> [B, n]
    base: Callable[[Array], Array]  # s [B, n] -> [B]
    activation: str
    scale: float = 1.0
    bounded: bool = True
    states: Callable[[int], np.ndarray] | None = None  # n -> every state, [S, n], where finite


def bernoulli() -> Units:
    """Units that are 0 or 1. Hinton 2002."""

    def states(n: int) -> np.ndarray:
        return (np.arange(2**n)[:, None] >> np.arange(n) & 1).astype(np.float32)

    return Units(
        name="bernoulli",
        log_normaliser=lambda a: jnp.sum(jax.nn.softplus(a), axis=-1),
        mean=jax.nn.sigmoid,
        sample=lambda key, a: jax.random.bernoulli(key, jax.nn.sigmoid(a)).astype(a.dtype),
        base=lambda s: jnp.zeros(s.shape[:-1], s.dtype),
        activation="sigmoid",
        states=states,
    )


def gaussian() -> Units:
    """Linear units with noise of variance 1. Hinton & Salakhutdinov 2006, note 14."""
    return Units(
        name="gaussian",
        log_normaliser=lambda a: 0.5 * jnp.sum(jnp.square(a), axis=-1),
        mean=lambda a: a,
        sample=lambda key, a: a + jax.random.normal(key, a.shape, a.dtype),
        base=lambda s: 0.5 * jnp.sum(jnp.square(s) + LOG_2PI, axis=-1),
        activation="identity",
        bounded=False,
    )


def softmax(draws: int = 1) -> Units:
    """One group of units: the counts of `draws` independent choices among them.

    Hinton & Salakhutdinov 2006 for documents: the datum is the proportions, the state `draws` times
    them, so that the weights on the way up are scaled by the document's length.

    Raises:
      ConfigError: draws below 1.
    """
    if draws < 1:
        raise ConfigError(f"draws={draws!r} is out of range. Allowed: 1 or more.")
    lgamma = jax.scipy.special.gammaln

    def sample(key: Array, a: Array) -> Array:
        chosen = jax.random.categorical(key, a, axis=-1, shape=(draws, *a.shape[:-1]))
        return jnp.sum(jax.nn.one_hot(chosen, a.shape[-1], dtype=a.dtype), axis=0)

    return Units(
        name="softmax",
        log_normaliser=lambda a: draws * jax.nn.logsumexp(a, axis=-1),
        mean=lambda a: draws * jax.nn.softmax(a, axis=-1),
        sample=sample,
        base=lambda s: jnp.sum(lgamma(s + 1.0), axis=-1) - math.lgamma(draws + 1.0),
        activation="",
        scale=float(draws),
        states=(lambda n: np.eye(n, dtype=np.float32)) if draws == 1 else None,
    )


_COPIES = np.arange(1, 17, dtype=np.float32)  # e^-16 is below float32's rounding of 1
_AT_ZERO = float(np.log1p(np.exp(0.5 - np.arange(1.0, 60.0))).sum())  # A(0) of a stepped unit
_EULER = float(np.log1p(-np.exp(-np.arange(1.0, 60.0))).sum())  # log (q; q)_inf, q = 1/e


def _log_pochhammer(s: Array) -> Array:
    """sum_{k=1}^{s} log(1 - e^-k), continued between the integers as the q-gamma function is."""
    s = jnp.maximum(s, 0.0)
    return _EULER - jnp.sum(jax.vmap(lambda k: jnp.log1p(-jnp.exp(-(s + k))))(_COPIES), axis=0)


def rectified() -> Units:
    """Stepped sigmoid units: infinitely many binary copies with biases -1/2, -3/2, ...

    Nair & Hinton 2010, section 2: the copies share their weights, and the state is how many are on.
    Their log-normaliser is exact, sum_i log(1 + e^(a - i + 1/2)): it equals a^2/2 + 2 A(0) - A(-a)
    where a > 0 (to e^(-2 pi^2)). States are drawn exactly too, where the paper
    takes max(0, a + N(0, sigmoid(a))). The mean is its log(1 + e^a), at most 0.011 from the exact.
    """
    around = np.arange(-8, 9, dtype=np.float32)  # the rest has less than e^-32

    def log_normaliser(a: Array) -> Array:
        below = jnp.where(a > 0, -a, a)  # not -|a|, whose gradient at zero is zero
        copies = jax.vmap(lambda k: jnp.log1p(jnp.exp(below + 0.5 - k)))(_COPIES)
        tail = jnp.sum(copies, axis=0)
        above = 0.5 * jnp.square(jnp.maximum(a, 0.0)) + 2 * _AT_ZERO - tail
        return jnp.sum(jnp.where(a > 0, above, tail), axis=-1)

    def sample(key: Array, a: Array) -> Array:
        middle = jnp.maximum(jnp.round(a), 0.0)
        candidates = jax.vmap(lambda k: middle + k, out_axes=-1)(around)
        logits = -0.5 * jnp.square(candidates - a[..., None]) - _log_pochhammer(candidates)
        logits = jnp.where(candidates >= 0, logits, -jnp.inf)
        chosen = jax.random.categorical(key, logits, axis=-1)
        return jnp.take_along_axis(candidates, chosen[..., None], axis=-1)[..., 0]

    return Units(
        name="rectified",
        log_normaliser=log_normaliser,
        mean=jax.nn.softplus,
        sample=sample,
        base=lambda s: jnp.sum(0.5 * jnp.square(s) + _log_pochhammer(s), axis=-1),
        activation="softplus",
        bounded=False,
    )


UNITS: dict[str, Callable[[], Units]] = {
    "bernoulli": bernoulli,
    "gaussian": gaussian,
    "rectified": rectified,
    "softmax": softmax,
}
