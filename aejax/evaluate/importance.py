"""log p(x) by importance sampling from the posterior, with its own error bar."""

from __future__ import annotations

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp

from aejax import keys
from aejax.backend import ROWS_AT_ONCE, here
from aejax.compose import plain_latent
from aejax.conditions import values_of
from aejax.data.rows import check_table
from aejax.losses.monte_carlo import densities
from aejax.objectives import check_samples
from aejax.types import Array, Autoencoder, Hparams, Latent, Variables


class IsEstimate(NamedTuple):
    """An estimate of log p(x) per example, in nats; a lower bound of it in the mean."""

    log_p: Array  # [B]
    ess: Array  # [B], effective number of samples, (sum w)^2 / sum w^2, from 1 to `samples`
    # [B], of log_p, by the delta method; NaN of one sample. To be trusted where `ess` is some tens:
    # at an `ess` of 7 it was .57 of the spread of repeated estimates.
    standard_error: Array


class _Sums(NamedTuple):
    """Running sums of the weights, over exp(top)."""

    top: Array
    first: Array  # sum of w
    second: Array  # sum of w^2


def _absorb(sums: _Sums, log_w: Array) -> _Sums:
    top = jnp.maximum(sums.top, jnp.max(log_w, axis=0))
    old, new = jnp.exp(sums.top - top), jnp.exp(log_w - top[None, :])
    return _Sums(top, sums.first * old + new.sum(0), sums.second * old**2 + jnp.square(new).sum(0))


def log_likelihood(
    model: Autoencoder,
    variables: Variables,
    x: Array,
    key: Array,
    samples: int = 5000,
    chunk: int = 100,
    hp: Hparams | None = None,
) -> IsEstimate:
    """log 1/S sum_s p(x | z_s) p(z_s) / q(z_s | x), z_s ~ q(z | x). Burda et al. 2015, L_5000.

    The encoder runs once; samples come in chunks of a scan that keeps three numbers an example, so
    that memory does not grow with S. Sample s draws from `fold_in(key, s)`: chunks change nothing.

    Args:
      model: a model whose latent space has `log_prior` and `log_posterior`.
      variables: its variables; vmap over members.
      x: [B, *shape].
      key: of the samples.
      samples: S.
      chunk: samples drawn at once; on a GPU also those decoded at once.
      hp: what a decoder that reads its target reads beside (`word_dropout`); None: the model's
        defaults.

    Returns:
      The estimate. Its mean over x is Burda's -NLL; an `ess` of a few samples says that q is too
      far from the true posterior for S to tell log p(x).

    Raises:
      ConfigError: a latent space without log-densities, or samples or chunk below 1.
    """
    check_table(model, x)
    space = model.info.space
    log_prior, log_posterior = densities(f"log_likelihood of model {model.info.name!r}", space)
    samples, chunk = check_samples(samples), min(check_samples(chunk), samples)
    rows = here(ROWS_AT_ONCE, math.inf)
    at_once = int(min(chunk, max(1, rows // x.shape[0])))
    assert space is not None
    nets, hp = model.info.nets, {**model.hparams, **(hp or {})}
    h = nets.encode(variables["params"], x)

    def draw(s: Array) -> Latent:
        return space.apply(variables, h, jax.random.fold_in(key, s))

    def log_weight(drawn: tuple[Array, Latent]) -> Array:
        s, latent = drawn
        if nets.teacher_forced:  # p(x | z) of such a decoder is a product over what it has read
            noise = keys.at(key, "teach", s)
            out = nets.teacher_forced(variables["params"], latent.z, x, noise, hp)
        else:
            out = model.decode(variables, latent.z)
        nll, latent = model.info.likelihood.nll(out, values_of(x)), plain_latent(latent)
        log_w = log_prior(variables, latent.z) - log_posterior(latent, latent.z) - nll
        return jnp.where(s < samples, log_w, -jnp.inf)

    def step(sums: _Sums, start: Array) -> tuple[_Sums, None]:
        # Drawn together and decoded a few at a time: random bits come cheaper in one large piece,
        # and images are best made and weighed while they are in the cache.
        s = start + jnp.arange(chunk)
        drawn = s, jax.vmap(draw)(s)
        many = None if at_once == 1 else at_once
        return _absorb(sums, jax.lax.map(log_weight, drawn, batch_size=many)), None

    zeros = jnp.zeros(x.shape[0], jnp.float32)
    # A floor far below any weight, and not -inf: -inf minus -inf would be no number.
    empty = _Sums(jnp.full_like(zeros, jnp.finfo(jnp.float32).min), zeros, zeros)
    sums, _ = jax.lax.scan(step, empty, jnp.arange(0, samples, chunk))
    ess = jnp.square(sums.first) / sums.second
    # Var(mean w) / (mean w)^2, unbiased: by the delta method also the variance of the log.
    variance = (
        (samples / ess - 1.0) / (samples - 1.0) if samples > 1 else jnp.full_like(ess, jnp.nan)
    )
    return IsEstimate(
        log_p=sums.top + jnp.log(sums.first) - jnp.log(jnp.float32(samples)),
        ess=ess,
        standard_error=jnp.sqrt(jnp.maximum(variance, 0.0)),
    )
