"""Gumbel-softmax: one-hot choices, relaxed so that a gradient passes."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp

from aejax.errors import check_size
from aejax.hparams import HParam, Range
from aejax.latents.quantised.straight import straight_through, uniform_index
from aejax.types import Array, Hparams, Latent, LatentSpace, PyTree, Variables


def relaxed(key: Array, log_q: Array, temperature: Array | float) -> Array:
    """softmax((log q + g) / tau), g of Gumbel(0, 1): [..., K]. Jang 2017, eq. 2.

    As tau goes to 0 it is one-hot, a sample of q.
    """
    noise = jax.random.gumbel(key, log_q.shape, log_q.dtype)
    return jax.nn.softmax((log_q + noise) / temperature, axis=-1)


def gumbel_softmax(groups: int, codes: int, hard: bool = False) -> LatentSpace:
    """q(z | x) = prod_g Categorical(pi_g(x)), relaxed in training. Jang, Gu & Poole 2017.

    tau(t) = max(hp["temperature_min"], hp["temperature"] exp(-hp["temperature_rate"] t)). The
    deterministic code decodes the most probable choice; `Latent.mean` is pi, `Latent.aux` log pi
    [B, G, K].

    Args:
      groups: G.
      codes: K.
      hard: the decoder gets one-hot samples, with the relaxed ones' gradient (section 2.2,
        straight-through). Samples are of q itself then, and its log-densities are known.

    Raises:
      ConfigError: groups below 1, codes below 2.
    """
    groups, codes = check_size("groups", groups), check_size("codes", codes, 2)

    def one_hot(index: Array) -> Array:
        return jax.nn.one_hot(index, codes, dtype=jnp.float32)

    def apply(variables: Variables, h: Array, key: Array | None) -> Latent:
        log_q = jax.nn.log_softmax(h.reshape(h.shape[0], groups, codes), axis=-1)
        mean = jnp.exp(log_q)
        if key is None:
            index = jnp.argmax(log_q, axis=-1)
            z = one_hot(index)
        else:
            soft = relaxed(key, log_q, variables["extra"]["temperature"])
            index = jnp.argmax(soft, axis=-1)
            z = straight_through(one_hot(index), soft) if hard else soft
        return Latent(
            z=z.reshape(h.shape),
            mean=mean.reshape(h.shape),
            index=index.astype(jnp.int32),
            aux=log_q,
        )

    def prepare(extra: PyTree, hp: Hparams, step: Array) -> PyTree:
        cooled = hp["temperature"] * jnp.exp(-hp["temperature_rate"] * step)
        return {"temperature": jnp.maximum(hp["temperature_min"], cooled)}

    def log_posterior(latent: Latent, z: Array) -> Array:
        return jnp.sum(z * latent.aux.reshape(z.shape), axis=-1)

    return LatentSpace(
        size=groups * codes,
        outputs=groups * codes,
        apply=apply,
        prior=lambda variables, key, n: one_hot(uniform_index(key, n, groups, codes)).reshape(
            n, groups * codes
        ),
        init=lambda key: {"params": {}, "extra": {"temperature": jnp.float32(1.0)}},
        prepare=prepare,
        hparams=(
            HParam("temperature", 1.0, Range(1e-6), "tau_0", "temperature at step 0"),
            HParam("temperature_min", 0.5, Range(1e-6), "tau_min", "least temperature"),
            HParam("temperature_rate", 3e-5, symbol="r", meaning="rate of cooling, per step"),
        ),
        log_prior=(lambda variables, z: jnp.full(z.shape[0], -groups * math.log(codes), z.dtype))
        if hard
        else None,
        log_posterior=log_posterior if hard else None,
        codes=codes,
    )
