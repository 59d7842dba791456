"""Objectives: how the terms become the one scalar that is differentiated.

An objective is `fn(run, terms, hp, key) -> (scalar, values, forward)`: `run(key) -> Forward` makes
one pass through the model with fresh noise, `terms` maps names to Terms, `values` are their
unweighted [B] arrays. Importance weighting, capacities and Lagrangians are other functions of the
same form.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping

import jax
import jax.numpy as jnp

from aejax.errors import check_names, check_size, lookup
from aejax.types import Array, Forward, Hparams, Term

Run = Callable[[Array], Forward]
Result = tuple[Array, dict[str, Array], Forward]
Objective = Callable[[Run, Mapping[str, Term], Hparams, Array], Result]


def weighted_sum(values: Mapping[str, Array], hp: Hparams) -> Array:
    """Returns sum_t w_t * value_t, with w_t = hp["w_<term>"], in the values' shape."""
    return functools.reduce(jnp.add, [hp[f"w_{name}"] * v for name, v in values.items()])


def additive(run: Run, terms: Mapping[str, Term], hp: Hparams, key: Array) -> Result:
    """The batch mean of sum_t w_t * term_t, with w_t = hp["w_<term>"]."""
    forward = run(key)
    values = {name: term(forward, hp) for name, term in terms.items()}
    return jnp.mean(weighted_sum(values, hp)), values, forward


def surrogate(instead: Mapping[str, Term]) -> Objective:
    """Additive, but some terms are trained through a stand-in.

    Capacities, free bits and warm-up bend the divergence that is differentiated; what is reported,
    and what the bound is made of, stays the divergence itself.

    Args:
      instead: name of a term -> the term that takes its place in the scalar, under the same weight.

    Raises:
      ConfigError: when traced, for a name that is no term of the model.
    """

    def objective(run: Run, terms: Mapping[str, Term], hp: Hparams, key: Array) -> Result:
        check_names("surrogate of the term", instead, terms)
        _, values, forward = additive(run, terms, hp, key)
        trained = values | {name: term(forward, hp) for name, term in instead.items()}
        return jnp.mean(weighted_sum(trained, hp)), values, forward

    return objective


def check_samples(samples: int) -> int:
    """Returns `samples`; raises ConfigError unless it is an integer of 1 or more."""
    return check_size("samples", samples)


def _sample_keys(key: Array, samples: int) -> Array:
    return jax.vmap(lambda i: jax.random.fold_in(key, i))(jnp.arange(samples))


def log_mean_exp(log_w: Array) -> Array:
    """Returns log (1/K sum_k exp(log_w_k)) over the first axis: [K, B] -> [B]."""
    return jax.nn.logsumexp(log_w, axis=0) - math.log(log_w.shape[0])


def importance_weighted(samples: int) -> Objective:
    """Minus the importance-weighted bound L_K. Burda, Grosse & Salakhutdinov 2015, eq. 8.

    Equation: L_K = E[log 1/K sum_k w_k], log w_k = -sum_t w_t term_t(z_k), so that the terms must
    be those of one sample: -log p(x | z) and log q(z | x) - log p(z), no divergence in closed form.
    The encoder sees no noise, and vmap does not repeat what does not depend on it: it runs once.

    Args:
      samples: K, static.

    Returns:
      An objective whose values are the terms' means over the K samples.
    """
    samples = check_samples(samples)

    def objective(run: Run, terms: Mapping[str, Term], hp: Hparams, key: Array) -> Result:
        def one(key: Array) -> dict[str, Array]:
            forward = run(key)
            return {name: term(forward, hp) for name, term in terms.items()}

        values = jax.vmap(one)(_sample_keys(key, samples))  # [K, B]
        bound = log_mean_exp(-weighted_sum(values, hp))
        return -jnp.mean(bound), {name: v.mean(0) for name, v in values.items()}, run(key)

    return objective


def averaged(samples: int) -> Objective:
    """Minus the evidence lower bound, averaged over K samples: the same bound, less noise.

    The VAE of Burda, Grosse & Salakhutdinov 2015, section 5, which has as many samples as the IWAE.

    Args:
      samples: K, static.
    """
    samples = check_samples(samples)

    def objective(run: Run, terms: Mapping[str, Term], hp: Hparams, key: Array) -> Result:
        def one(key: Array) -> dict[str, Array]:
            forward = run(key)
            return {name: term(forward, hp) for name, term in terms.items()}

        values = {n: v.mean(0) for n, v in jax.vmap(one)(_sample_keys(key, samples)).items()}
        return jnp.mean(weighted_sum(values, hp)), values, run(key)

    return objective


BOUNDS: dict[str, Callable[[int], Objective]] = {
    "average": averaged,
    "importance": importance_weighted,
}


def sampled_bound(name: str, samples: int) -> Objective:
    """Returns the bound of that name from `samples` samples.

    Raises:
      ConfigError: an unknown name, or samples below 1.
    """
    return lookup("bound", name, BOUNDS)(samples)


@jax.custom_jvp
def scale_gradient(z: Array, weight: Array) -> Array:
    """Returns z [B, L] itself; what flows back through it is multiplied by weight [B]."""
    return z


@scale_gradient.defjvp
def _scale_gradient_jvp(primals, tangents):
    (z, weight), (dz, _) = primals, tangents
    return z, dz * weight[:, None]


def doubly_reparameterised(samples: int) -> Objective:
    """The same bound L_K, with the DReG gradient for the encoder. Tucker et al. 2019.

    Equation: grad_phi L_K = E[sum_k v_k^2 (d log w_k / d z_k) (d z_k / d phi)], with v_k =
    w_k / sum_j w_j.

    log q(z | x) is read with its parameters stopped, and what flows through z_k is multiplied by
    v_k once more than the log-mean-exp does by itself. The decoder's gradient is that of
    `importance_weighted`. The identity behind it holds for term weights of 1, and for posteriors
    whose `log_posterior` holds at any z.

    Args:
      samples: K, static.
    """
    samples = check_samples(samples)

    def objective(run: Run, terms: Mapping[str, Term], hp: Hparams, key: Array) -> Result:
        keys = _sample_keys(key, samples)

        def plain(key: Array) -> dict[str, Array]:
            forward = run(key)
            return {name: term(forward, hp) for name, term in terms.items()}

        def scaled(key: Array, weight: Array) -> dict[str, Array]:
            # The same numbers as in `plain`, which XLA finds; only their derivatives differ.
            forward = run(key)
            z = scale_gradient(forward.latent.z, weight)
            latent = jax.lax.stop_gradient(forward.latent)._replace(z=z)
            forward = forward._replace(latent=latent, out=forward.decode(z))
            return {name: term(forward, hp) for name, term in terms.items()}

        weights = jax.nn.softmax(-weighted_sum(jax.vmap(plain)(keys), hp), axis=0)
        values = jax.vmap(scaled)(keys, jax.lax.stop_gradient(weights))
        bound = log_mean_exp(-weighted_sum(values, hp))
        return -jnp.mean(bound), {name: v.mean(0) for name, v in values.items()}, run(key)

    return objective
