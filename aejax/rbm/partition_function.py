"""The partition function of a restricted Boltzmann machine: exact if small, else by sampling."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from aejax import keys
from aejax.errors import ConfigError
from aejax.rbm.machine import RBM, Params, down, free_energy, gibbs
from aejax.types import Array

MOST_UNITS = 20
CHUNK = 4096


class Estimate(NamedTuple):
    """A log-partition function in nats, and its standard error by the delta method."""

    log_z: Array
    error: Array


def log_partition(rbm: RBM, params: Params) -> Array:
    """log Z by summing over every state of the smaller finite layer, the other one in closed form.

    Returns:
      A scalar, in nats.

    Raises:
      ConfigError: neither layer has finitely many states and at most 20 units.
    """
    d, h = params["kernel"].shape
    choices = []
    if rbm.hidden.states and h <= MOST_UNITS:

        def given_hidden(s: Array) -> Array:
            other = rbm.visible.log_normaliser(down(params, s))
            return s @ params["hidden"] - rbm.hidden.base(s) + other

        choices.append((h, rbm.hidden.states, given_hidden))
    if rbm.visible.states and d <= MOST_UNITS:
        choices.append((d, rbm.visible.states, lambda s: -free_energy(rbm, params, s)))
    if not choices:
        raise ConfigError(
            f"log_partition of {d} {rbm.visible.name} and {h} {rbm.hidden.name} units is not to be "
            f"enumerated. Allowed: one layer of {MOST_UNITS} or fewer bernoulli or softmax units."
        )
    size, states, log_weight = min(choices, key=lambda choice: choice[0])
    table = jnp.asarray(states(size))
    one = lambda s: log_weight(s[None, :])[0]
    return jax.nn.logsumexp(jax.lax.map(one, table, batch_size=CHUNK))


def ais(
    rbm: RBM, params: Params, key: Array, *, chains: int = 100, temperatures: int = 1000
) -> Estimate:
    """log Z by annealed importance sampling. Neal 2001; Salakhutdinov & Murray 2008.

    The path scales the weights, beta W with beta from 0 to 1, and keeps the biases: at 0 the layers
    are independent and Z is known for every kind of unit, at 1 it is the machine.

    Args:
      rbm: the kinds of units.
      params: of the machine.
      key: a random key.
      chains: independent runs; the error falls with their square root.
      temperatures: steps of the path, one Gibbs update each.

    Returns:
      The estimate. exp(log_z) is unbiased.
    """
    start = rbm.visible.log_normaliser(params["visible"][None, :])[0]
    start += rbm.hidden.log_normaliser(params["hidden"][None, :])[0]
    at = lambda beta: params | {"kernel": beta * params["kernel"]}
    independent = jnp.broadcast_to(params["visible"][None, :], (chains, len(params["visible"])))
    v = rbm.visible.sample(keys.stream(key, "start"), independent)
    betas = jnp.linspace(0.0, 1.0, temperatures + 1)

    def step(carry: tuple[Array, Array], i: Array) -> tuple[tuple[Array, Array], None]:
        v, log_w = carry
        log_w += free_energy(rbm, at(betas[i]), v) - free_energy(rbm, at(betas[i + 1]), v)
        return (gibbs(rbm, at(betas[i + 1]), keys.at(key, "ais", i), v, 1), log_w), None

    (_, log_w), _ = jax.lax.scan(step, (v, jnp.zeros(chains)), jnp.arange(temperatures))
    log_mean = jax.nn.logsumexp(log_w) - np.log(chains)
    relative = jnp.std(jnp.exp(log_w - log_mean), ddof=1) / np.sqrt(chains)
    return Estimate(start + log_mean, relative)
