"""Gaps filled by a model of p(x): conditional means, and draws, by importance sampling."""

from __future__ import annotations

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp

from aejax.compose import plain_latent
from aejax.conditions import beside, values_of
from aejax.errors import ConfigError
from aejax.keys import stream
from aejax.losses.monte_carlo import densities
from aejax.objectives import check_samples
from aejax.types import Array, Autoencoder, Latent, Likelihood, Variables

CHUNK = 50  # samples decoded at once, at most
VALUES = 1 << 21  # numbers of their output, at most


class Imputed(NamedTuple):
    """Rows without gaps; what was observed stands in them bit for bit."""

    mean: Array  # [B, *shape], E[x | x_o] in the gaps: the single imputation
    draws: Array  # [B, M, *shape], draws of p(x | x_o) in the gaps: multiple imputations
    ess: Array  # [B], effective number of samples, from 1 to S


class _Sums(NamedTuple):
    """Running sums over samples; weights are over exp(top)."""

    top: Array  # [B]
    first: Array  # [B], of w
    second: Array  # [B], of w^2
    values: Array  # [B, *shape], of w E[x | z]


def check_gaps(model: Autoencoder, verb: str) -> None:
    """Raises ConfigError where a model knows of no gaps."""
    if not model.info.likelihood.gaps:
        raise ConfigError(
            f"{verb}: model {model.info.name!r} knows of no missing values. Allowed: one whose "
            "likelihood leaves them out, such as miwae."
        )


def _inside(likelihood: Likelihood, x: Array) -> Array:
    """Returns x cut to the likelihood's support: a location may lie beyond it."""
    low, high = likelihood.support
    return jnp.clip(x, low, high) if math.isfinite(low) and math.isfinite(high) else x


def impute(
    model: Autoencoder,
    variables: Variables,
    x: Array,
    key: Array,
    samples: int = 1000,
    draws: int = 0,
) -> Imputed:
    """Fills gaps (NaN) by self-normalised importance sampling. Mattei & Frellsen 2019.

    Equation: E[x_m | x_o] ~ sum_s w_s E[x_m | z_s] / sum_s w_s, with z_s ~ q(z | x_o) and w_s =
    p(x_o | z_s) p(z_s) / q(z_s | x_o). Draws are of x_m ~ p(x_m | z), z taken anew from the z_s
    with probabilities w_s (sampling importance resampling).

    Samples come in chunks of a scan, which keeps their codes and weights alone.

    Args:
      model: one that knows of gaps, such as `miwae`.
      variables: its variables.
      x: [B, *shape] with NaN in the gaps.
      key: of samples and draws.
      samples: S.
      draws: M; 0: none.

    Raises:
      ConfigError: another model, samples below 1.
    """
    check_gaps(model, "impute")
    log_prior, log_posterior = densities("impute", model.info.space)
    space, likelihood, samples = model.info.space, model.info.likelihood, check_samples(samples)
    assert space is not None
    rows, h = values_of(x), model.info.nets.encode(variables["params"], x)
    gap, at_once = jnp.isnan(rows), VALUES // max(1, rows.size * likelihood.outputs)
    chunk = max(1, min(CHUNK, samples, at_once))

    def one(s: Array) -> tuple[Array, Array, Array]:
        latent: Latent = space.apply(variables, h, jax.random.fold_in(stream(key, "codes"), s))
        out, latent = model.decode(variables, latent.z), plain_latent(latent)
        log_w = log_prior(variables, latent.z) - log_posterior(latent, latent.z)
        log_w = jnp.where(s < samples, log_w - likelihood.nll(out, rows), -jnp.inf)
        return latent.z, log_w, _inside(likelihood, likelihood.mean(out))

    def absorb(sums: _Sums, start: Array) -> tuple[_Sums, tuple[Array, Array]]:
        z, log_w, means = jax.vmap(one)(start + jnp.arange(chunk))
        top = jnp.maximum(sums.top, log_w.max(0))
        old, new = jnp.exp(sums.top - top), jnp.exp(log_w - top[None])
        wide = old.reshape(-1, *[1] * (rows.ndim - 1))
        together = jnp.einsum("sb,sb...->b...", new, means)
        return (
            _Sums(
                top,
                sums.first * old + new.sum(0),
                sums.second * old**2 + jnp.square(new).sum(0),
                sums.values * wide + together,
            ),
            (z, log_w),
        )

    zeros = jnp.zeros(rows.shape[0], jnp.float32)
    # A floor far below any weight, and not -inf: -inf minus -inf would be no number.
    floor = jnp.full_like(zeros, jnp.finfo(jnp.float32).min)
    empty = _Sums(floor, zeros, zeros, jnp.zeros(rows.shape, jnp.float32))
    sums, (z, log_w) = jax.lax.scan(absorb, empty, jnp.arange(0, samples, chunk))
    mean = sums.values / sums.first.reshape(-1, *[1] * (rows.ndim - 1))
    z, log_w = values_of(z).reshape(-1, *values_of(z).shape[2:]), log_w.reshape(-1, rows.shape[0])
    below = jnp.cumsum(jax.nn.softmax(log_w, axis=0), axis=0)  # [S, B]

    def draw(m: Array) -> Array:
        own = jax.random.fold_in(stream(key, "draws"), m)
        # By the distribution function: a categorical draw makes S random numbers of each.
        level = jax.random.uniform(stream(own, "which"), zeros.shape) * below[-1]
        which = jnp.minimum(jnp.sum(below < level[None], axis=0), samples - 1)  # [B]
        code = beside(jnp.take_along_axis(z, which[None, :, None], axis=0)[0], h)
        drawn = likelihood.sample(stream(own, "values"), model.decode(variables, code))
        return jnp.where(gap, _inside(likelihood, drawn), rows)

    made = jax.lax.map(draw, jnp.arange(draws)) if draws else jnp.zeros((0, *rows.shape))
    return Imputed(
        mean=jnp.where(gap, mean, rows),
        draws=jnp.swapaxes(made, 0, 1),
        ess=jnp.square(sums.first) / sums.second,
    )
