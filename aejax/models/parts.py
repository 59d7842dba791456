"""What the builders share: reading `features`, and the default dense networks of a model."""

from __future__ import annotations

from math import prod
from typing import Any

import jax
import jax.numpy as jnp

from aejax.conditions import beside, values_of
from aejax.errors import ConfigError, lookup, plain
from aejax.keys import stream
from aejax.likelihoods.pixels import LIKELIHOODS
from aejax.nets import chosen
from aejax.types import (
    Array,
    Autoencoder,
    Aux,
    Hparams,
    LatentSpace,
    Likelihood,
    Nets,
    Variables,
)

Features = int | tuple[int, ...]


def example_shape(features: Features) -> tuple[int, ...]:
    """Returns the shape of one example: `784` means (784,), `(28, 28, 1)` stays.

    Raises:
      ConfigError: a size that is no integer of 1 or more.
    """
    given = plain(features)
    shape = given if isinstance(given, tuple) else (given,)
    if not shape or any(not isinstance(n, int) or isinstance(n, bool) or n < 1 for n in shape):
        raise ConfigError(f"features={features!r} is no shape. Allowed: integers of 1 or more.")
    return shape


def make_likelihood(name: str) -> Likelihood:
    """Returns the likelihood of that name with its defaults."""
    return lookup("likelihood", name, LIKELIHOODS)()


ConditionArg = int | tuple[int, ...]  # 0: none; K classes; (D,): vectors


def make_nets(
    shape: tuple[int, ...],
    space: LatentSpace,
    likelihood: Likelihood,
    net: str,
    condition: ConditionArg,
    widths: tuple[int, ...],
    activation: str,
    *,
    code_activation: str = "identity",
    out_activation: str = "identity",
    tied: bool = False,
    init: str = "glorot_uniform",
    decoder_widths: tuple[int, ...] | None = None,
) -> Nets:
    """An encoder and a decoder of the kind `net`, sized for a latent space and a likelihood.

    Args and errors: as in `aejax.nets.choice.chosen`.
    """
    out_shape = (*shape[:-1], shape[-1] * likelihood.outputs)
    if tied and prod(out_shape) != prod(shape):
        raise ConfigError(
            f"tied=True does not go with likelihood={likelihood.name!r}, whose decoder emits "
            f"{likelihood.outputs} numbers a feature. Allowed: bernoulli, gaussian, laplace."
        )
    return chosen(
        net,
        condition,
        shape,
        out_shape,
        widths=widths,
        latent=space.size,
        outputs=space.outputs,
        activation=activation,
        code_activation=code_activation,
        out_activation=out_activation,
        init=init,
        decoder_widths=decoder_widths,
        tied=tied,
    )


def dense_nets(
    shape: tuple[int, ...],
    space: LatentSpace,
    likelihood: Likelihood,
    *,
    widths: tuple[int, ...],
    activation: str,
    **others: Any,
) -> Nets:
    """An MLP encoder and its mirror image: `make_nets`, for models whose networks are no choice."""
    return make_nets(shape, space, likelihood, "dense", 0, widths, activation, **others)


def binarise(key: Array, x: Array) -> Array:
    """Draws black and white from grey: Bernoulli with each pixel's level in [0, 1] as its mean."""
    return jax.random.bernoulli(key, x).astype(x.dtype)


def binarised(model: Autoencoder) -> Autoencoder:
    """The same model of x' ~ Bernoulli(x), drawn anew at every step and every evaluation.

    The dynamic binarisation of Burda et al. 2015; encoder and likelihood see the same draw.
    """

    def loss(
        variables: Variables, hp: Hparams, x: Array, key: Array, step: Array
    ) -> tuple[Array, Aux]:
        drawn = binarise(stream(key, "binarise"), values_of(x))
        return model.loss(variables, hp, beside(drawn, x), key, step)

    return model.replace(loss=loss)


def from_mean(model: Autoencoder, net: str = "dense") -> Autoencoder:
    """The same model, whose decoder begins with the logits of the training mean for output bias.

    Burda et al. 2015 (published code): means are clipped to [.001, .999].

    Raises:
      ConfigError: a likelihood that is not Bernoulli, or a decoder that is not dense.
    """
    if net != "dense":
        raise ConfigError(
            f"data_bias=True does not go with net={net!r}, whose outputs share a bias. "
            "Allowed: net='dense', which has one for each pixel."
        )
    if model.info.likelihood.name != "bernoulli":
        raise ConfigError(
            f"data_bias=True does not go with likelihood={model.info.likelihood.name!r}. "
            "Allowed: likelihood='bernoulli', whose outputs are logits."
        )

    def prime(variables: Variables, mean: Array) -> Variables:
        decoder = dict(variables["params"]["decoder"])
        last = max(decoder, key=lambda name: int(name.rpartition("_")[2]))
        p = jnp.clip(mean.reshape(-1), 0.001, 0.999)
        decoder[last] = {**decoder[last], "bias": jnp.log(p) - jnp.log1p(-p)}
        return {**variables, "params": {**variables["params"], "decoder": decoder}}

    return model.replace(init_from_mean=prime)
