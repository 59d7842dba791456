"""A density of each number of a code by itself, of any form: its distribution is a network.

The factorised entropy model of learned compression. Ballé, Laparra & Simoncelli 2017; the form of
the network is that of Ballé et al. 2018, "Univariate non-parametric density models" (appendix).
"""

from __future__ import annotations

import itertools
import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from aejax.errors import ConfigError, check_size, plain
from aejax.latents.priors.base import Prior, own
from aejax.types import Array, PyTree, Variables

SPREAD = 10.0  # the first density's width, which is to hold the first codes
HALVINGS = 50  # of the interval in which `quantile` looks
WIDEST = float(2**20)


def cumulative_logits(params: PyTree, y: Any, xp: Any = jnp) -> Any:
    """Returns the log-odds of the distribution function of every number: [n, L] -> [n, L].

    With f_k(x) = g(softplus(H_k) x + b_k), g(x) = x + tanh(a_k) tanh(x), and the last one affine:
    f_K(...f_1(y)) increases with y, from -infinity to infinity, and its sigmoid is c(y).

    Args:
      params: "matrix_k" [L, out, in], "bias_k" [L, out, 1] and "factor_k" [L, out, 1].
      y: numbers.
      xp: `numpy` for float64 on the host, where tables of probabilities are made.
    """
    x, k = y.T[:, None, :], 0
    while f"matrix_{k}" in params:
        x = xp.matmul(xp.logaddexp(params[f"matrix_{k}"], 0.0), x) + params[f"bias_{k}"]
        if f"factor_{k}" in params:
            x = x + xp.tanh(params[f"factor_{k}"]) * xp.tanh(x)
        k += 1
    return x[:, 0, :].T


def log_of_interval(low: Array, high: Array) -> Array:
    """Returns log(sigmoid(high) - sigmoid(low)) without loss of digits in either tail.

    sigmoid(h) - sigmoid(l) = sigmoid(h) sigmoid(-l) (1 - exp(l - h)).
    """
    apart = jnp.maximum(high - low, 1e-12)
    return jax.nn.log_sigmoid(high) + jax.nn.log_sigmoid(-low) + jnp.log(-jnp.expm1(-apart))


def check_filters(filters: tuple[int, ...]) -> tuple[int, ...]:
    """Returns `filters`; raises ConfigError unless they are integers of 1 or more."""
    given = plain(filters)
    if not isinstance(given, tuple):
        raise ConfigError(f"filters={filters!r} is no tuple. Allowed: integers of 1 or more.")
    return tuple(check_size("filters", each) for each in given)


def factorised(size: int, filters: tuple[int, ...] = (3, 3, 3)) -> Prior:
    """p(y~) = prod_i c_i(y~_i + 1/2) - c_i(y~_i - 1/2), with every c_i learned. Ballé et al. 2018.

    It is the density of y + u, u uniform on [-1/2, 1/2], where y has the distribution c; at whole
    numbers it is the probability of rounding y to them, and sums to one over them. `sample` draws
    such whole numbers.

    Args:
      size: L, numbers of a code; each has a network of its own.
      filters: widths of its hidden layers.

    Raises:
      ConfigError: a width below 1.
    """
    filters = check_filters(filters)
    sizes = (1, *filters, 1)
    gain = SPREAD ** (1 / (len(sizes) - 1))

    def init(key: Array) -> PyTree:
        params: dict[str, Array] = {}
        for k, (before, after) in enumerate(itertools.pairwise(sizes)):
            start = math.log(math.expm1(1 / gain / after))
            params[f"matrix_{k}"] = jnp.full((size, after, before), start, jnp.float32)
            bias = jax.random.uniform(jax.random.fold_in(key, k), (size, after, 1), jnp.float32)
            params[f"bias_{k}"] = bias - 0.5
            if k < len(filters):
                params[f"factor_{k}"] = jnp.zeros((size, after, 1), jnp.float32)
        return params

    def log_density(variables: Variables, z: Array) -> Array:
        low, high = (cumulative_logits(own(variables), z + half) for half in (-0.5, 0.5))
        return jnp.sum(log_of_interval(low, high), axis=-1)

    def sample(variables: Variables, key: Array, n: int) -> Array:
        u = jax.random.uniform(key, (n, size), jnp.float32, 1e-6, 1 - 1e-6)
        return jnp.round(quantile(own(variables), jnp.log(u) - jnp.log1p(-u)))

    return Prior(log_density=log_density, sample=sample, init=init)


def quantile(params: PyTree, logits: Any, xp: Any = jnp) -> Any:
    """Returns y [n, L] whose distribution function has the log-odds [n, L], by bisection."""
    low, high = xp.full_like(logits, -WIDEST), xp.full_like(logits, WIDEST)
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        above = cumulative_logits(params, middle, xp) > logits
        low, high = xp.where(above, low, middle), xp.where(above, middle, high)
    return 0.5 * (low + high)


def on_host(variables: Variables) -> dict[str, np.ndarray]:
    """Returns the density's parameters in float64, for `cumulative_logits` with `xp=numpy`."""
    return {name: np.asarray(value, np.float64) for name, value in own(variables).items()}
