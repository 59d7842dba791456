"""Networks of topic models: an encoder of counts, and experts that multiply word by word."""

from __future__ import annotations

from math import prod

import jax
import jax.numpy as jnp

from aejax.errors import lookup
from aejax.keys import stream
from aejax.latents.logistic_normal import EPSILON, choose
from aejax.nets.activations import INITIALISERS, check_widths
from aejax.nets.dense import mlp
from aejax.types import Array, Nets, PyTree, Variables


def topic_nets(
    shape: tuple[int, ...],
    *,
    widths: tuple[int, ...],
    latent: int,
    outputs: int,
    activation: str,
    init: str,
) -> Nets:
    """An MLP of log(1 + counts), and softmax(batch norm(theta beta)), theta = softmax(z).

    The product of experts of Srivastava & Sutton 2017: p(w) is proportional to
    prod_k p_k(w)^theta_k, since the weighted sum is of logits and not of probabilities. The batch
    norm has a shift for each word and no scale. Away from training its moments follow from those
    of theta, of which theta beta is linear.

    Args:
      shape: of a document: its words.
      widths: hidden widths of the encoder, one at least.
      latent: K, topics.
      outputs: of the encoder.
      activation: of its hidden layers.
      init: kernels' initialiser.

    Raises:
      ConfigError: unknown names, widths below 1.
    """
    # One kernel more, without a bias: the batch norm behind it would take it away again.
    *hidden, last = check_widths("widths", widths) or (latent,)
    trunk = mlp(
        tuple(hidden), (last,), activation=activation, last_activation=activation, init=init
    )
    kernel = lookup("init", init, INITIALISERS)
    words = prod(shape)

    def initialise(key: Array, x: Array) -> PyTree:
        return {
            "encoder": {
                "trunk": trunk.init(stream(key, "trunk"), x),
                "head": kernel(stream(key, "head"), (last, outputs)),
            },
            "decoder": {
                "beta": kernel(stream(key, "beta"), (latent, words)),
                "shift": jnp.zeros(words, jnp.float32),
            },
        }

    def experts(params: PyTree, z: Array) -> Array:
        return jax.nn.softmax(z) @ params["decoder"]["beta"]

    def encode(params: PyTree, x: Array) -> Array:
        hidden = trunk.apply(params["encoder"]["trunk"], jnp.log1p(x))
        return hidden @ params["encoder"]["head"]

    def shaped(params: PyTree, logits: Array) -> Array:
        return (logits + params["decoder"]["shift"][None]).reshape(-1, *shape)

    def decode_normed(variables: Variables, z: Array) -> Array:
        params, extra = variables["params"], variables["extra"]
        beta, logits = params["decoder"]["beta"], experts(params, z)
        kept = extra["theta_mean"] @ beta, jnp.sum(beta * (extra["theta_covariance"] @ beta), 0)
        batch = jnp.mean(logits, 0), jnp.var(logits, 0)
        mean, var = (choose(extra, a, b)[None] for a, b in zip(batch, kept, strict=True))
        return shaped(params, (logits - mean) / jnp.sqrt(jnp.maximum(var, 0.0) + EPSILON))

    return Nets(
        init=initialise,
        encode=encode,
        decode=lambda params, z: shaped(params, experts(params, z)),
        decode_normed=decode_normed,
    )
