"""Kullback-Leibler divergences in closed form, in nats, per example and unreduced.

All of them are sums of `excess(t) = exp(t) - 1 - t`, which is never negative and is zero at t = 0
only. Written so, no rounding error can make a divergence negative, and a divergence near zero keeps
its digits: the textbook forms subtract numbers of order one to get one of order t^2.
"""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Float

from aejax.errors import ConfigError
from aejax.types import AnyArray, Array, Forward, Hparams, Term

_SERIES_BELOW = 0.03  # the series' next term is t^5 / 2520 of the value: 1e-11 here


def excess(t: AnyArray) -> Array:
    """Returns exp(t) - 1 - t elementwise, to full relative precision near 0 and never negative.

    Args:
      t: any shape; -inf and inf give inf.
    """
    small = jnp.abs(t) < _SERIES_BELOW
    # Both branches of a `where` are differentiated: each gets an argument at which it is finite.
    near = jnp.where(small, t, 0.0)
    far = jnp.where(small, 1.0, t)
    series = 1.0 + near / 3 * (1.0 + near / 4 * (1.0 + near / 5 * (1.0 + near / 6)))
    return jnp.where(small, 0.5 * near * near * series, jnp.expm1(far) - far)


def gaussian_kl_per_dim(
    mean: Float[AnyArray, "B L"], logvar: Float[AnyArray, "B L"]
) -> Float[Array, "B L"]:
    """KL(N(mean, diag exp(logvar)) || N(0, I)) by dimension. Kingma & Welling 2013, appendix B.

    Equation: (mean^2 + exp(logvar) - 1 - logvar) / 2.

    Args:
      mean: [B, L].
      logvar: [B, L], the log of the variance (not of the standard deviation).

    Returns:
      [B, L] in nats, none negative. The mean over B, compared with a threshold, tells the latent
      units in use (Burda et al. 2015).
    """
    return 0.5 * (jnp.square(mean) + excess(logvar))


def gaussian_kl(mean: Float[AnyArray, "B L"], logvar: Float[AnyArray, "B L"]) -> Float[Array, " B"]:
    """KL(N(mean, diag exp(logvar)) || N(0, I)) per example. Kingma & Welling 2013, appendix B.

    Args:
      mean: [B, L].
      logvar: [B, L], the log of the variance.

    Returns:
      [B] in nats, summed over the L dimensions.
    """
    return jnp.sum(gaussian_kl_per_dim(mean, logvar), axis=-1)


def gaussian_kl_between(
    mean: Float[AnyArray, "B L"],
    logvar: Float[AnyArray, "B L"],
    to_mean: Float[AnyArray, "*#broadcast"],
    to_logvar: Float[AnyArray, "*#broadcast"],
) -> Float[Array, " B"]:
    """KL(N(mean, diag exp(logvar)) || N(to_mean, diag exp(to_logvar))) per example.

    Equation: sum_l (excess(logvar - to_logvar) + (mean - to_mean)^2 / exp(to_logvar)) / 2, the
    Gaussian case of Kullback & Leibler 1951; with a standard normal second argument it is
    Kingma & Welling 2013, appendix B.

    Args:
      mean, logvar: [B, L] of the first distribution.
      to_mean, to_logvar: [B, L] of the second.

    Returns:
      [B] in nats, summed over the L dimensions.
    """
    distance = jnp.square(mean - to_mean) * jnp.exp(-to_logvar)
    return 0.5 * jnp.sum(excess(logvar - to_logvar) + distance, axis=-1)


def bernoulli_kl(p: AnyArray, q: AnyArray) -> Array:
    """KL(Bernoulli(p) || Bernoulli(q)) elementwise. Kullback & Leibler 1951.

    Equation: p log(p / q) + (1 - p) log((1 - p) / (1 - q)), with 0 log 0 = 0.

    Args:
      p, q: probabilities in [0, 1], of one shape.

    Returns:
      Nats, of the arguments' shape; never negative, exact at p in {0, 1}, and inf only where the
      divergence is: q = 0 < p or q = 1 > p. A term that must stay finite clips q first.
    """
    # The first-order parts of the two summands, q - p and p - q, cancel exactly.
    return _one_outcome(p, q - p, q) + _one_outcome(1.0 - p, p - q, 1.0 - q)


def _one_outcome(p: AnyArray, gap: AnyArray, q: AnyArray) -> Array:
    """p log(p / q) - p + q = p excess(log(q / p)), where gap = q - p; its limit q at p = 0."""
    positive = p > 0
    safe = jnp.where(positive, p, 1.0)
    # Where p and q are close their logarithms cancel; where they are not, gap / p forgets q.
    close = positive & (jnp.abs(gap) < 0.5 * p)
    near = jnp.log1p(jnp.where(close, gap, 0.0) / safe)
    far = jnp.log(jnp.where(positive & ~close, q, 1.0)) - jnp.log(safe)
    return jnp.where(positive, p * excess(jnp.where(close, near, far)), q)


def gaussian_kl_term() -> Term:
    """The term `kl_nats` of a variational autoencoder. Kingma & Welling 2013, eq. 10.

    Returns:
      fn(forward, hp) -> [B]: KL(q(z | x) || N(0, I)) in nats, of `forward.latent`.

    Raises:
      ConfigError: when the term is traced with a latent space that has no log-variance.
    """

    def term(forward: Forward, hp: Hparams) -> Array:
        if forward.latent.logvar is None:
            raise ConfigError(
                "latent.logvar=None does not go with the term gaussian_kl. "
                "Allowed: a latent space with a log-variance, such as 'gaussian'."
            )
        return gaussian_kl(forward.latent.mean, forward.latent.logvar)

    return term
