"""Likelihoods of what is observed alone: NaN in x is a gap, and p(x | out) is of the rest."""

from __future__ import annotations

import jax.numpy as jnp

from aejax.errors import ConfigError
from aejax.types import Array, Likelihood, Nets


def factorised(likelihood: Likelihood) -> Likelihood:
    """Returns the likelihood; raises ConfigError where features depend on each other given `out`.

    What takes a part of the features calls it: log p of a part is no part of log p then.
    """
    if likelihood.joint or likelihood.integers:
        raise ConfigError(
            f"likelihood={likelihood.name!r} is of all features together. Allowed where a part of "
            "them is weighed: those of each feature by itself, such as gaussian_learned or "
            "bernoulli."
        )
    return likelihood


def per_feature_nll(likelihood: Likelihood, out: Array, x: Array) -> Array:
    """-log p(x_i | out_i) of each feature by itself, in nats, of x's shape.

    Every feature is given to the likelihood as an example of its own, with its own
    `likelihood.outputs` numbers, which are concatenated on the last axis of `out`.

    Raises:
      ConfigError: a likelihood whose features depend on each other given `out`.
    """
    likelihood = factorised(likelihood)
    channels = x.shape[-1]
    apart = out.reshape(*x.shape[:-1], likelihood.outputs, channels)
    apart = jnp.swapaxes(apart, -2, -1).reshape(-1, likelihood.outputs)
    return likelihood.nll(apart, x.reshape(-1, 1)).reshape(x.shape)


def fill_gaps(x: Array) -> Array:
    """Returns x with zeros in its gaps: what a network may read. Mattei & Frellsen 2019's iota."""
    return jnp.where(jnp.isnan(x), 0.0, x)


def reading_zeros(nets: Nets) -> Nets:
    """Returns the networks with an encoder that reads zeros in the gaps."""
    return nets._replace(
        init=lambda key, x: nets.init(key, fill_gaps(x)),
        encode=lambda params, x: nets.encode(params, fill_gaps(x)),
        encoder_layers=None,  # before them gaps are filled
    )


def observed(likelihood: Likelihood) -> Likelihood:
    """The same likelihood, of the features of x that are no NaN. Mattei & Frellsen 2019.

    Equation: -log p(x_o | out) = -sum over observed i of log p(x_i | out_i); 0 of an empty row.
    Given the code, features are independent, so that those missing integrate to one.

    Raises:
      ConfigError: a likelihood whose features depend on each other given the code.
    """
    likelihood = factorised(likelihood)

    def nll(out: Array, x: Array) -> Array:
        # Zero, which every support has, and no NaN: a NaN's gradient outlives `where`.
        each = per_feature_nll(likelihood, out, fill_gaps(x))
        return jnp.where(jnp.isnan(x), 0.0, each).reshape(x.shape[0], -1).sum(-1)

    return likelihood._replace(nll=nll, gaps=True)
