"""p(x | out): negative log-likelihoods in nats per example, with their constants.

Each is summed over features and not over the batch (law). The constants make `rec_nats` a true
negative log-likelihood, so that bounds of different likelihoods can be read as they stand.
"""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp

from aejax.errors import ConfigError
from aejax.types import Array, Likelihood

INFINITE = (-math.inf, math.inf)
LOG_2PI = math.log(2 * math.pi)


def _sum(v: Array) -> Array:
    return v.reshape(v.shape[0], -1).sum(-1)


def checked(likelihood: Likelihood) -> Likelihood:
    """Returns the likelihood with a check of shapes: [N] against [N, 1] would broadcast to [N, N].

    Its `nll` raises ConfigError unless `out` holds `outputs` numbers, on the last axis, for each of
    x's features.
    """

    def nll(out: Array, x: Array) -> Array:
        wanted = (*x.shape[:-1], x.shape[-1] * likelihood.outputs) if x.ndim else ()
        if x.ndim < 2 or out.shape != wanted:
            raise ConfigError(
                f"likelihood {likelihood.name!r} got out {out.shape} for x {x.shape}. Allowed: x "
                f"[B, ..., D] and out [B, ..., {likelihood.outputs} D]."
            )
        return likelihood.nll(out, x)

    return likelihood._replace(nll=nll)


def bernoulli() -> Likelihood:
    """Bernoulli on logits l; -log p = max(l, 0) - l x + log(1 + e^-|l|), exact at |l| = 100.

    For grey images in [0, 1] this is the cross-entropy of the classic papers, not a density.
    """

    def nll(logits: Array, x: Array) -> Array:
        # Both branches chosen by one comparison: jnp.maximum and jnp.abs each have a convention of
        # their own for the slope at 0, where theirs would not add up to sigmoid(0) - x.
        positive = logits > 0
        linear = jnp.where(positive, logits * (1 - x), -logits * x)
        size = jnp.where(positive, logits, -logits)
        return _sum(linear + jnp.log1p(jnp.exp(-size)))

    return checked(
        Likelihood(
            name="bernoulli",
            outputs=1,
            nll=nll,
            mean=jax.nn.sigmoid,
            sample=lambda key, logits: jax.random.bernoulli(key, jax.nn.sigmoid(logits)).astype(
                jnp.float32
            ),
            support=(0.0, 1.0),
        )
    )


def gaussian(scale: float = 1.0) -> Likelihood:
    """Normal with mean `out` and one fixed standard deviation.

    With scale 1, half the squared error plus a constant.
    """
    if not scale > 0:
        raise ConfigError(f"scale={scale!r} is out of range. Allowed: above 0.")
    constant = 0.5 * LOG_2PI + math.log(scale)
    return checked(
        Likelihood(
            name="gaussian",
            outputs=1,
            nll=lambda mean, x: _sum(0.5 * jnp.square((x - mean) / scale) + constant),
            mean=lambda mean: mean,
            sample=lambda key, mean: mean + scale * jax.random.normal(key, mean.shape, mean.dtype),
            support=INFINITE,
        )
    )


def gaussian_learned() -> Likelihood:
    """Normal whose mean and log-variance are both emitted, concatenated on the last axis."""

    def nll(out: Array, x: Array) -> Array:
        mean, logvar = jnp.split(out, 2, axis=-1)
        # Scaled and then squared: exp(-logvar) alone overflows below -88.7.
        return _sum(0.5 * (LOG_2PI + logvar + jnp.square((x - mean) * jnp.exp(-0.5 * logvar))))

    def sample(key: Array, out: Array) -> Array:
        mean, logvar = jnp.split(out, 2, axis=-1)
        return mean + jnp.exp(0.5 * logvar) * jax.random.normal(key, mean.shape, mean.dtype)

    return checked(
        Likelihood(
            name="gaussian_learned",
            outputs=2,
            nll=nll,
            mean=lambda out: jnp.split(out, 2, axis=-1)[0],
            sample=sample,
            support=INFINITE,
        )
    )


def gaussian_squashed() -> Likelihood:
    """As `gaussian_learned`, for data in [0, 1]: the mean is the sigmoid of what is emitted.

    Kingma & Welling 2013, appendix C.2 and section 5 (Frey Face). It is a density, and is not cut
    off at 0 and 1.
    """
    free = gaussian_learned()

    def squashed(out: Array) -> Array:
        mean, logvar = jnp.split(out, 2, axis=-1)
        return jnp.concatenate([jax.nn.sigmoid(mean), logvar], axis=-1)

    return checked(
        Likelihood(
            name="gaussian_squashed",
            outputs=2,
            nll=lambda out, x: free.nll(squashed(out), x),
            mean=lambda out: free.mean(squashed(out)),
            sample=lambda key, out: free.sample(key, squashed(out)),
            support=INFINITE,
        )
    )


def laplace(scale: float = 1.0) -> Likelihood:
    """Laplace with location `out` and a fixed scale: the absolute error (L1) in nats."""
    if not scale > 0:
        raise ConfigError(f"scale={scale!r} is out of range. Allowed: above 0.")
    return checked(
        Likelihood(
            name="laplace",
            outputs=1,
            nll=lambda mean, x: _sum(jnp.abs(x - mean) / scale + math.log(2 * scale)),
            mean=lambda mean: mean,
            sample=lambda key, mean: mean + scale * jax.random.laplace(key, mean.shape, mean.dtype),
            support=INFINITE,
        )
    )


LEVELS = 256  # of an 8-bit image


def discretized_logistic() -> Likelihood:
    """A logistic's mass in the bin of each of 256 levels in [0, 1]. Salimans 2017, eq. 2.

    Equation: log p(x) = log(F((x + 1/510 - m) / s) - F((x - 1/510 - m) / s)), F the logistic
    function; the lowest level has all the mass below its upper edge, the highest all that above
    its lower one.

    The mean m and log s are both emitted, concatenated on the last axis. x is rounded to the
    nearest level. The 256 masses sum to one; each is a product of positive factors, so that the
    tails are exact too.
    """
    top = LEVELS - 1

    def nll(out: Array, x: Array) -> Array:
        mean, log_scale = jnp.split(out, 2, axis=-1)
        level = jnp.clip(jnp.round(x * top), 0, top)
        upper = ((level + 0.5) / top - mean) * jnp.exp(-log_scale)
        width = jnp.exp(-log_scale) / top
        lower = upper - width
        # F(b) - F(a) = F(b) F(-a) (1 - e^(a - b)): no difference of near-equal numbers.
        middle = jnp.log(-jnp.expm1(-width))
        below, above = jax.nn.log_sigmoid(upper), jax.nn.log_sigmoid(-lower)
        log_p = jnp.where(level == 0, below, below + above + middle)
        return -_sum(jnp.where(level == top, above, log_p))

    def sample(key: Array, out: Array) -> Array:
        mean, log_scale = jnp.split(out, 2, axis=-1)
        drawn = mean + jnp.exp(log_scale) * jax.random.logistic(key, mean.shape, mean.dtype)
        return jnp.clip(jnp.round(drawn * top), 0, top) / top

    return checked(
        Likelihood(
            name="discretized_logistic",
            outputs=2,
            nll=nll,
            mean=lambda out: jnp.split(out, 2, axis=-1)[0],
            sample=sample,
            support=(0.0, 1.0),
        )
    )


def multinomial() -> Likelihood:
    """Choices among all features, softmax on logits; x is a distribution over them, or ones.

    -log p = -sum_i x_i log softmax(l)_i, the multi-class cross-entropy of documents in Hinton &
    Salakhutdinov 2006, per word; where x is one at each of several choices, it is their sum, as of
    the items of a user in Liang et al. 2018. `sample` draws one choice.
    """

    def flat(out: Array) -> Array:
        return out.reshape(out.shape[0], -1)

    def sample(key: Array, logits: Array) -> Array:
        chosen = jax.random.categorical(key, flat(logits), axis=-1)
        return jax.nn.one_hot(chosen, flat(logits).shape[1]).reshape(logits.shape)

    return checked(
        Likelihood(
            name="multinomial",
            outputs=1,
            nll=lambda logits, x: -_sum(flat(x) * jax.nn.log_softmax(flat(logits), axis=-1)),
            mean=lambda logits: jax.nn.softmax(flat(logits), axis=-1).reshape(logits.shape),
            sample=sample,
            support=(0.0, 1.0),
            joint=True,
        )
    )


def multinomial_counts() -> Likelihood:
    """The words of a document in their order, softmax on logits; x is how often each occurs.

    -log p = -sum_i x_i log softmax(l)_i, as in LDA (Blei, Ng & Jordan 2003): the number of orders
    that have the same counts, log n! - sum_i log x_i!, is no part of it. `mean` and `sample` are
    one word's.
    """
    counts = multinomial()._replace(name="multinomial_counts", support=(0.0, math.inf))
    return checked(counts)  # under its own name


LIKELIHOODS = {
    "bernoulli": bernoulli,
    "discretized_logistic": discretized_logistic,
    "gaussian": gaussian,
    "gaussian_learned": gaussian_learned,
    "gaussian_squashed": gaussian_squashed,
    "laplace": laplace,
    "multinomial": multinomial,
    "multinomial_counts": multinomial_counts,
}
