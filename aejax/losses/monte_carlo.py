"""Divergences by sampling, for posteriors and priors that have log-densities but no closed form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aejax.errors import ConfigError
from aejax.types import Array, Forward, Hparams, Latent, LatentSpace, Term, Variables

LogPrior = Callable[[Variables, Any], Array]
LogPosterior = Callable[[Latent, Any], Array]


def densities(field: str, space: LatentSpace | None) -> tuple[LogPrior, LogPosterior]:
    """Returns a space's `log_prior` and `log_posterior`; raises ConfigError where it lacks one."""
    if space is None or space.log_prior is None or space.log_posterior is None:
        raise ConfigError(
            f"{field} needs log-densities of prior and posterior, and this latent space has none. "
            "Allowed: a latent space with log_prior and log_posterior, such as 'gaussian'."
        )
    return space.log_prior, space.log_posterior


def mc_kl_term(space: LatentSpace) -> Term:
    """The term `kl_nats` by one sample: log q(z | x) - log p(z). Kingma & Welling 2013, eq. 6.

    Its mean over z ~ q(z | x) is KL(q(z | x) || p(z)); a single value may be negative.

    Args:
      space: a latent space with `log_prior` and `log_posterior`.

    Returns:
      fn(forward, hp) -> [B] in nats, at `forward.latent.z`.

    Raises:
      ConfigError: the space has no log-densities.
    """
    log_prior, log_posterior = densities("mc_kl_term", space)

    def term(forward: Forward, hp: Hparams) -> Array:
        z = forward.latent.z
        return log_posterior(forward.latent, z) - log_prior(forward.variables, z)

    return term
