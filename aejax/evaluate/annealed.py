"""log p(x) of a decoder by annealed importance sampling, forwards and backwards.

The path is f_b(z) = p0(z)^(1 - b) [p(z) p(x | z)]^b, b from 0 to 1, with p0 the prior or the
encoder's posterior. Forwards, chains start from p0 and their weights are unbiased for p(x): the
log of their mean is below log p(x) in the mean. Backwards, they start from an exact draw of
p(z | x), which simulated data have, and are unbiased for 1 / p(x): an upper bound. Their gap bounds
what the forward estimate lacks (BDMC). Neal 2001; Grosse et al. 2015; Wu et al. 2017.

Wu et al. adapt the step size while the chains whose weights they use are running, which makes the
next step a function of the past and costs the weights their unbiasedness, if little. Here `tune`
runs chains of its own, one step size a temperature and example, and the chains that count use those
sizes frozen, so that every estimate is exact in the mean whatever the tuning did.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

from aejax import keys
from aejax.compose import plain_latent
from aejax.conditions import beside, values_of
from aejax.data.rows import check_table
from aejax.errors import ConfigError, check_at_least, lookup
from aejax.evaluate.hmc import Pieces, Position, point, transition
from aejax.losses.monte_carlo import densities
from aejax.types import Array, Autoencoder, Latent, Variables

TARGET = 0.65  # acceptance; Neal 2011, s. 4.4, and Wu et al. 2017


class AisEstimate(NamedTuple):
    """An estimate of log p(x) per example, in nats, from C chains each."""

    log_p: Array  # [B]; forwards a lower bound in the mean, backwards an upper one
    ess: Array  # [B], effective number of chains, from 1 to C
    # [B], of log_p, by the delta method; NaN of one chain, and trusted where `ess` is some tens.
    standard_error: Array
    acceptance: Array  # [T], mean over chains and examples


class Path(NamedTuple):
    """How to anneal; static. `start` is prior or posterior, `schedule` a name of SCHEDULES."""

    temperatures: int = 1000  # T: steps from b = 0 to b = 1
    leaps: int = 10  # leapfrog steps a transition
    chains: int = 16
    schedule: str = "sigmoid"
    start: str = "prior"


PATH = Path()  # Wu et al. 2017 have ten times its temperatures


def _linear(t: Array) -> Array:
    return t


def _sigmoid(t: Array) -> Array:
    """Dense at both ends, sigmoid(-4..4) brought to 0..1. Wu et al. 2017 (published code)."""
    at = jax.nn.sigmoid(8.0 * t - 4.0)
    low, high = jax.nn.sigmoid(-4.0), jax.nn.sigmoid(4.0)
    return (at - low) / (high - low)


SCHEDULES: dict[str, Callable[[Array], Array]] = {"linear": _linear, "sigmoid": _sigmoid}


class _Start(NamedTuple):
    """p0: `draw(key) -> z [B, L]`, `log_density(z) -> [B]`."""

    draw: Callable[[Array], Array]
    log_density: Callable[[Array], Array]


def _from_prior(model: Autoencoder, variables: Variables, x: Array) -> _Start:
    space = model.info.space
    assert space is not None
    assert space.prior is not None
    assert space.log_prior is not None
    prior, log_prior = space.prior, space.log_prior
    return _Start(lambda key: prior(variables, key, x.shape[0]), lambda z: log_prior(variables, z))


def _from_posterior(model: Autoencoder, variables: Variables, x: Array) -> _Start:
    space = model.info.space
    assert space is not None
    assert space.log_posterior is not None
    log_posterior = space.log_posterior
    h = model.info.nets.encode(variables["params"], x)
    latent: Latent = plain_latent(space.apply(variables, h, None))
    if latent.logvar is None or latent.aux is not None:
        raise ConfigError(
            f"start='posterior': the posterior of model {model.info.name!r} has a density at its "
            "own sample only. Allowed: start='prior'."
        )
    draw = lambda key: values_of(space.apply(variables, h, key).z)
    return _Start(draw, lambda z: log_posterior(latent, z))


STARTS = {"posterior": _from_posterior, "prior": _from_prior}


class _Chains(NamedTuple):
    """The path of one batch: C chains an example, z [C, B, L]."""

    betas: Array  # [T + 1], 0 to 1
    pieces: Pieces
    draw: Callable[[Array, int], Array]  # (key, C) -> z [C, B, L]


def _chains(model: Autoencoder, variables: Variables, x: Array, path: Path) -> _Chains:
    """Checks everything and builds the densities.

    Raises:
      ConfigError: no log-densities or prior, discrete codes, a decoder that reads its target, a bad
        path.
    """
    check_table(model, x)
    log_prior, _ = densities(f"AIS of model {model.info.name!r}", model.info.space)
    assert model.info.space is not None
    if model.info.space.prior is None or model.info.nets.teacher_forced is not None:
        raise ConfigError(
            f"AIS of model {model.info.name!r} needs a prior to sample from and a decoder that "
            "reads the code alone. Allowed: models such as 'vae' and 'iwae'."
        )
    if model.info.space.codes:
        raise ConfigError(
            f"AIS of model {model.info.name!r}: its codes are discrete, and the transitions move "
            "through continuous ones. Allowed: models such as 'vae' and 'iwae'."
        )
    for name in ("temperatures", "leaps", "chains"):
        check_at_least(name, getattr(path, name), 1)
    schedule = lookup("schedule", path.schedule, SCHEDULES)
    start = lookup("start", path.start, STARTS)(model, variables, x)
    nll = model.info.likelihood.nll

    def log_likelihood(z: Array) -> Array:  # [B, L] -> [B]
        return -nll(model.decode(variables, beside(z, x)), values_of(x))

    def tilt(z: Array) -> Array:
        # With p0 the prior, p0 and p(z) cancel exactly and are not left to rounding.
        if path.start == "prior":
            return log_likelihood(z)
        return log_likelihood(z) + log_prior(variables, z) - start.log_density(z)

    betas = schedule(jnp.linspace(0.0, 1.0, path.temperatures + 1))
    pieces = Pieces(jax.vmap(start.log_density), jax.vmap(tilt))
    draw = lambda key, n: jax.vmap(lambda i: start.draw(jax.random.fold_in(key, i)))(jnp.arange(n))
    return _Chains(betas, pieces, draw)


def tune(
    model: Autoencoder,
    variables: Variables,
    x: Array,
    key: Array,
    path: Path = PATH,
    pilots: int = 4,
    gain: float = 0.1,
    first: float = 0.3,
) -> Array:
    """Returns step sizes [T, B] at which HMC along the path accepts about TARGET.

    A pilot run of the forward path: after each transition the log of an example's step size moves
    by `gain` times what its pilots' mean acceptance exceeds TARGET.

    Args:
      model, variables, x: as in `ais`.
      key: of the pilots; another than that of the chains that count.
      path: how to anneal; its number of chains is not read.
      pilots: chains an example.
      gain: of the controller.
      first: step size at the first temperature.
    """
    chains = _chains(model, variables, x, path)
    at = point(chains.pieces, chains.draw(keys.stream(key, "start"), pilots))

    def anneal(carry: tuple[Position, Array], t: Array) -> tuple[tuple[Position, Array], Array]:
        at, log_step = carry
        step = jnp.broadcast_to(jnp.exp(log_step)[None, :], at.base.shape)
        b, noise = chains.betas[t], keys.at(key, "transition", t)
        at, rate = transition(chains.pieces, at, noise, b, step, path.leaps)
        return (at, log_step + gain * (rate.mean(0) - TARGET)), jnp.exp(log_step)

    begin = jnp.full((x.shape[0],), jnp.log(jnp.float32(first)))
    _, steps = jax.lax.scan(anneal, (at, begin), jnp.arange(1, path.temperatures + 1))
    return steps


def _estimate(log_w: Array, rates: Array, sign: float) -> AisEstimate:
    """From log-weights [C, B] to the estimate of sign * log mean weight."""
    count = log_w.shape[0]
    top = jnp.max(log_w, axis=0)
    w = jnp.exp(log_w - top[None, :])
    ess = jnp.square(w.sum(0)) / jnp.square(w).sum(0)
    variance = (count / ess - 1.0) / (count - 1.0) if count > 1 else jnp.full_like(ess, jnp.nan)
    return AisEstimate(
        log_p=sign * (top + jnp.log(w.mean(0))),
        ess=ess,
        standard_error=jnp.sqrt(jnp.maximum(variance, 0.0)),
        acceptance=rates,
    )


def ais(
    model: Autoencoder,
    variables: Variables,
    x: Array,
    key: Array,
    steps: Array,
    path: Path = PATH,
) -> AisEstimate:
    """log p(x) by annealed importance sampling: the log of an unbiased estimate of p(x).

    Args:
      model: a model with a prior, log-densities, and a code that is one array [B, L].
      variables: its variables; vmap over members.
      x: [B, *shape], as the likelihood takes it.
      key: of starts, momenta and acceptances.
      steps: leapfrog step sizes [T, B] or a scalar; from `tune` with another key.
      path: how to anneal.

    Raises:
      ConfigError: as `_chains`.
    """
    chains = _chains(model, variables, x, path)
    at = point(chains.pieces, chains.draw(keys.stream(key, "start"), path.chains))
    steps = jnp.broadcast_to(steps, (path.temperatures, x.shape[0]))

    def anneal(carry: tuple[Position, Array], t: Array) -> tuple[tuple[Position, Array], Array]:
        at, log_w = carry
        log_w = log_w + (chains.betas[t] - chains.betas[t - 1]) * at.tilt
        step = jnp.broadcast_to(steps[t - 1][None, :], at.base.shape)
        noise = keys.at(key, "transition", t)
        at, rate = transition(chains.pieces, at, noise, chains.betas[t], step, path.leaps)
        return (at, log_w), rate.mean()

    times = jnp.arange(1, path.temperatures + 1)
    (_, log_w), rates = jax.lax.scan(anneal, (at, jnp.zeros_like(at.base)), times)
    return _estimate(log_w, rates, 1.0)


def reverse_ais(
    model: Autoencoder,
    variables: Variables,
    x: Array,
    z: Array,
    key: Array,
    steps: Array,
    path: Path = PATH,
) -> AisEstimate:
    """log p(x) from the other end: minus the log of an unbiased estimate of 1 / p(x).

    Args:
      model, variables, x, steps, path: as in `ais`.
      z: exact draws [B, L] of p(z | x), as `simulate` has them; all chains of an example start
        there, which leaves the mean exact and their weights dependent: `standard_error` is that of
        the chains given z.
      key: another than the forward chains'.
    """
    chains = _chains(model, variables, x, path)
    at = point(chains.pieces, jnp.broadcast_to(z[None], (path.chains, *z.shape)))
    steps = jnp.broadcast_to(steps, (path.temperatures, x.shape[0]))

    def cool(carry: tuple[Position, Array], t: Array) -> tuple[tuple[Position, Array], Array]:
        at, log_w = carry
        step = jnp.broadcast_to(steps[t - 1][None, :], at.base.shape)
        noise = keys.at(key, "transition", t)
        at, rate = transition(chains.pieces, at, noise, chains.betas[t], step, path.leaps)
        return (at, log_w - (chains.betas[t] - chains.betas[t - 1]) * at.tilt), rate.mean()

    times = jnp.arange(1, path.temperatures + 1)
    (_, log_w), rates = jax.lax.scan(cool, (at, jnp.zeros_like(at.base)), times, reverse=True)
    return _estimate(log_w, rates, -1.0)
