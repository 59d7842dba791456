"""Two-player terms on codes: one scalar, stopped gradients at the boundary between the players.

The discriminator's term reads codes whose gradient is stopped, the autoencoder's term a
discriminator whose parameters are stopped, so that their sum is two games in one step: neither
player's term moves the other's parameters, not by one bit.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from aejax.errors import ConfigError
from aejax.keys import stream
from aejax.nets import mlp
from aejax.types import AnyArray, Array, Forward, Hparams, LatentSpace, Net, Term

MODULE = "discriminator"
GROUPS = {MODULE: MODULE}  # its own learning rate, lr_discriminator

stopped = jax.lax.stop_gradient


def discriminator(widths: tuple[int, ...]) -> Net:
    """A leaky-relu MLP from a code [B, L] to one logit [B]."""
    net = mlp(widths, (1,), activation="leaky_relu")
    return net._replace(apply=lambda params, z: net.apply(params, z)[:, 0])


def modules(net: Net, latent: int) -> Callable[[Array, Array], dict[str, Any]]:
    """Returns what `compose(modules=...)` takes: the discriminator's parameters."""
    return lambda key, x: {
        MODULE: net.init(stream(key, MODULE), jnp.zeros((1, latent), jnp.float32))
    }


def discriminator_loss(real: AnyArray, fake: AnyArray) -> Array:
    """-log D(real) - log(1 - D(fake)) in nats, of logits [B]. Goodfellow et al. 2014, eq. 1."""
    return jax.nn.softplus(-real) + jax.nn.softplus(fake)


def generator_loss(fake: AnyArray) -> Array:
    """-log D(fake) in nats, of logits [B]: the unsaturated form. Goodfellow 2014, s. 3."""
    return jax.nn.softplus(-fake)


def _judge(net: Net, forward: Forward, z: AnyArray, *, train: bool) -> Array:
    params = forward.variables["params"][MODULE]
    return net.apply(params, stopped(z)) if train else net.apply(stopped(params), z)


def prior_discriminator_term(net: Net, space: LatentSpace) -> Term:
    """The discriminator's loss: draws of the prior are real, codes are fake. Makhzani 2016, s. 2.

    Raises:
      ConfigError: a latent space without a prior.
    """
    prior = space.prior
    if prior is None:
        raise ConfigError(
            "prior_discriminator_term needs samples of a prior, and this latent space has none. "
            "Allowed: a latent space with a prior, such as 'matched' or 'gaussian'."
        )

    def term(forward: Forward, hp: Hparams) -> Array:
        z = forward.latent.z
        real = stopped(prior(forward.variables, stream(forward.key, "prior"), z.shape[0]))
        return discriminator_loss(
            _judge(net, forward, real, train=True), _judge(net, forward, z, train=True)
        )

    return term


def adversarial_term(net: Net) -> Term:
    """The encoder's part: codes that the stopped discriminator takes for the prior's, [B] nats."""
    return lambda forward, hp: generator_loss(_judge(net, forward, forward.latent.z, train=False))


def permute_dimensions(key: AnyArray, z: AnyArray) -> Array:
    """Permutes each column of z [B, L] over the batch by itself. Kim & Mnih 2018, algorithm 1.

    Draws of q(z) become draws of prod_j q(z_j), up to the finite batch.
    """
    return jax.random.permutation(key, z, axis=0, independent=True)


def density_ratio_term(net: Net) -> Term:
    """The total correlation by the density ratio: the stopped discriminator's logit, [B] nats.

    Kim & Mnih 2018, eq. 3: log D(z) / (1 - D(z)), about log q(z) / prod_j q(z_j).
    """
    return lambda forward, hp: _judge(net, forward, forward.latent.z, train=False)


def permutation_discriminator_term(net: Net) -> Term:
    """The discriminator's loss: codes against codes with permuted dimensions, [B] nats.

    Kim & Mnih 2018, algorithm 2, with its factor 1/2. The permuted codes are of the same batch (the
    paper takes a second one), so that a step costs one encoder pass.
    """

    def term(forward: Forward, hp: Hparams) -> Array:
        z = stopped(forward.latent.z)
        shuffled = permute_dimensions(stream(forward.key, "permute"), z)
        return 0.5 * discriminator_loss(
            _judge(net, forward, z, train=True), _judge(net, forward, shuffled, train=True)
        )

    return term
