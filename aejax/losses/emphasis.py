"""The emphasised reconstruction: corrupted and intact features weigh differently."""

from __future__ import annotations

import jax.numpy as jnp

from aejax.hparams import HParam
from aejax.likelihoods.observed import factorised, per_feature_nll
from aejax.types import Array, Forward, Hparams, Likelihood, Term

HPARAMS = (  # the paper's double emphasis
    HParam("emphasis_corrupted", 1.0, symbol="alpha", meaning="weight of corrupted features"),
    HParam("emphasis_intact", 0.5, symbol="beta", meaning="weight of intact features"),
)


def emphasised(
    likelihood: Likelihood, out: Array, x: Array, corrupted: Array | None, hp: Hparams
) -> Array:
    """alpha sum_{i corrupted} l_i + beta sum_{i intact} l_i. Vincent 2010, section 3.4.

    l_i = -log p(x_i | out_i) in nats, alpha and beta are hp["emphasis_corrupted"] and
    hp["emphasis_intact"]. Full emphasis is 1 and 0. With both 1 it is the likelihood's own sum, and
    so it is, whatever they are, where nothing is corrupted by design.

    Args:
      likelihood: p(x_i | out_i), independent over features.
      out: [B, ..., C * likelihood.outputs].
      x: [B, ..., C], clean.
      corrupted: bool of x's shape, or None.
      hp: traced scalars.

    Returns:
      [B], summed over features.
    """
    if corrupted is None:
        return likelihood.nll(out, x)
    weights = jnp.where(corrupted, hp["emphasis_corrupted"], hp["emphasis_intact"])
    return jnp.sum((weights * per_feature_nll(likelihood, out, x)).reshape(x.shape[0], -1), axis=1)


def emphasised_term(likelihood: Likelihood) -> Term:
    """The term `emphasised_nats`: `emphasised` of a forward pass, [B].

    Raises:
      ConfigError: a likelihood whose features depend on each other given `out`.
    """
    likelihood = factorised(likelihood)

    def term(forward: Forward, hp: Hparams) -> Array:
        return emphasised(likelihood, forward.out, forward.x, forward.corrupted, hp)

    return term
