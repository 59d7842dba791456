"""Terms that see a region of the image only: the hole, a band around it, or what is visible."""

from __future__ import annotations

from collections.abc import Callable

import jax.numpy as jnp
import numpy as np
from jax import lax

from aejax.errors import ConfigError
from aejax.likelihoods.observed import factorised, per_feature_nll
from aejax.losses import adversarial
from aejax.types import Array, Forward, Hparams, Likelihood, Net, Term

Region = Callable[[Array], Array]  # hidden, bool [B, H, W, C] -> bool of the same shape


def grow(hidden: Array, pixels: int) -> Array:
    """Adds to a mask [B, H, W, C] all that lies within `pixels` of it, diagonally too."""
    if not pixels:
        return hidden
    side = (1, 2 * pixels + 1, 2 * pixels + 1, 1)
    value = hidden.astype(jnp.float32)
    return lax.reduce_window(value, np.float32(0), lax.max, side, (1, 1, 1, 1), "SAME") > 0


def hole(hidden: Array) -> Array:
    """The hidden pixels."""
    return hidden


def visible(hidden: Array) -> Array:
    """The pixels that are not hidden."""
    return ~hidden


def band(pixels: int) -> Region:
    """The visible pixels within `pixels` of the hole. Pathak 2016, section 4.1 (overlap)."""
    return lambda hidden: grow(hidden, pixels) & ~hidden


def hidden_of(forward: Forward) -> Array:
    """Returns the mask of a batch's hidden features.

    Raises:
      ConfigError: when a term is traced in a model that hides nothing.
    """
    if forward.corrupted is None:
        raise ConfigError(
            "corruption=None does not go with a masked term, which has no mask to read. "
            "Allowed: one that hides a part of the input, such as aejax.corruptions.masks.hide."
        )
    return forward.corrupted


def masked_term(likelihood: Likelihood, region: Region = hole) -> Term:
    """-log p(x | out) of one region, [B] in nats, summed over its features. Pathak 2016, eq. 1.

    Raises:
      ConfigError: a likelihood whose features depend on each other given `out`.
    """
    likelihood = factorised(likelihood)

    def term(forward: Forward, hp: Hparams) -> Array:
        values = per_feature_nll(likelihood, forward.out, forward.x)
        inside = region(hidden_of(forward))
        return jnp.where(inside, values, 0.0).reshape(values.shape[0], -1).sum(-1)

    return term


def _judged(net: Net, likelihood: Likelihood, pixels: int, forward: Forward):
    """What the critic looks at: the hole and its band, filled by the decoder and as they were."""
    region = grow(hidden_of(forward), pixels)
    fake = jnp.where(region, likelihood.mean(forward.out), 0.0)
    return fake, jnp.where(region, forward.x, 0.0), forward.variables["params"][adversarial.MODULE]


def inpainting_generator_term(net: Net, likelihood: Likelihood, pixels: int) -> Term:
    """-log D(F(x_in)) in nats [B]: a filled hole that the stopped critic takes for a true one.

    Pathak 2016, eq. 2, in the form that does not saturate. As in the authors' program the critic
    sees the predicted region alone and not its surroundings.
    """

    def term(forward: Forward, hp: Hparams) -> Array:
        fake, _, params = _judged(net, likelihood, pixels, forward)
        return adversarial.generator_loss(net.apply(adversarial.stopped(params), fake)[:, 0])

    return term


def inpainting_discriminator_term(net: Net, likelihood: Likelihood, pixels: int) -> Term:
    """-log D(x) - log(1 - D(F(x_in))) in nats [B], F stopped. Pathak 2016, eq. 2."""

    def term(forward: Forward, hp: Hparams) -> Array:
        fake, real, params = _judged(net, likelihood, pixels, forward)
        judge = lambda image: net.apply(params, image)[:, 0]
        return adversarial.discriminator_loss(judge(real), judge(adversarial.stopped(fake)))

    return term
