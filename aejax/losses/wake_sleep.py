"""Wake-sleep: the decoder learns from the encoder's codes, the encoder from the decoder's dreams.

Two objectives in one scalar, kept apart by stopped gradients: awake, z ~ q(z | x) is a given and
the decoder maximises log p(x | z); asleep, (x, z) ~ p(z) p(x | z) is a given and the encoder
maximises log q(z | x). Hinton, Dayan, Frey & Neal 1995.
"""

from __future__ import annotations

from typing import Any

import jax

from aejax.errors import ConfigError, check_names
from aejax.keys import stream
from aejax.losses.monte_carlo import densities
from aejax.types import (
    Array,
    Forward,
    Hparams,
    Latent,
    LatentSpace,
    Likelihood,
    Nets,
    Term,
    Variables,
)

stopped = jax.lax.stop_gradient


def awake(space: LatentSpace) -> LatentSpace:
    """The same space, whose codes bring no gradient back to the encoder."""

    def apply(variables: Variables, h: Any, key: Array | None) -> Latent:
        latent = space.apply(variables, h, key)
        return latent._replace(z=stopped(latent.z))

    return space._replace(apply=apply)


def reported(term: Term) -> Term:
    """The same values without a gradient: part of the bound that is shown, of no one's loss."""
    return lambda forward, hp: stopped(term(forward, hp))


DREAMS = ("sample", "mean")


def dream_term(
    nets: Nets, space: LatentSpace, likelihood: Likelihood, dreams: str = "sample"
) -> Term:
    """The term `dream_nats`: -log q(z | x) at as many dreams (x, z) ~ p(z) p(x | z) as examples.

    Its mean is KL(p(z | x) || q(z | x)) over dreams plus the entropy of p(z | x): the encoder's
    gradient goes the other way round than the bound's.

    Args:
      nets, space, likelihood: the model's.
      dreams: "sample", x ~ p(x | z); or "mean", x = E[x | z], for data that are grey levels, of
        which no sample of a Bernoulli decoder is one: the encoder is then trained on what it sees.

    Raises:
      ConfigError: a latent space without a prior or log-densities, or other dreams.
    """
    check_names("dreams", [dreams], DREAMS)
    _, log_posterior = densities("dream_term", space)
    prior = space.prior
    if prior is None:
        raise ConfigError(
            "dream_term needs samples of a prior, and this latent space has none. "
            "Allowed: a latent space with a prior, such as 'gaussian'."
        )

    def term(forward: Forward, hp: Hparams) -> Array:
        variables = forward.variables
        z = stopped(prior(variables, stream(forward.key, "dream"), forward.x.shape[0]))
        out = stopped(nets.decode(variables["params"], z))
        if dreams == "mean":
            x = stopped(likelihood.mean(out))
        else:
            x = stopped(likelihood.sample(stream(forward.key, "dreamt"), out))
        latent = space.apply(variables, nets.encode(variables["params"], x), None)
        return -log_posterior(latent, z)

    return term
