"""Whole numbers of any size, with a learned probability each: what an entropy coder writes."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp

from aejax.errors import ConfigError, check_number, check_size
from aejax.keys import stream
from aejax.latents.priors.base import with_prior
from aejax.latents.priors.fully_factorised import factorised
from aejax.latents.quantised.straight import straight_through
from aejax.types import Array, Latent, LatentSpace, Variables


def rounded(size: int, step: float = 0.125, filters: tuple[int, ...] = (3, 3, 3)) -> LatentSpace:
    """z = s round(h / s); in training z = h + s u, u uniform on [-1/2, 1/2]. Ballé et al. 2017.

    Rounding has no gradient; noise of the same width has one, and the density of what it yields is
    at whole numbers their probability, so that the rate in training stands for the bits at test. It
    is a variational posterior too: q(z | x) is uniform on a cube about h.

    The paper's s is 1, which a linear map before and after undoes. It is where training begins that
    it decides: first codes of a dense encoder are about 1, and noise as wide as they are leaves
    nothing to decode.

    Args:
      size: L.
      step: s, above 0.
      filters: as in `factorised`.

    Raises:
      ConfigError: a size below 1, a step that is not above 0.
    """
    size, step = check_size("latent", size), check_number("step", step)
    if not 0 < step < math.inf:
        raise ConfigError(f"step={step!r} is out of range. Allowed: above 0.")
    density, volume = factorised(size, filters), size * math.log(step)

    def apply(variables: Variables, h: Array, key: Array | None) -> Latent:
        whole = straight_through(step * jnp.round(h / step), h)
        if key is None:
            return Latent(z=whole, mean=whole)
        noise = jax.random.uniform(stream(key, "rounding"), h.shape, h.dtype, -0.5, 0.5)
        return Latent(z=h + step * noise, mean=whole)

    prior = density._replace(
        log_density=lambda variables, z: density.log_density(variables, z / step) - volume,
        sample=lambda variables, key, n: step * density.sample(variables, key, n),
    )
    space = LatentSpace(
        size=size,
        outputs=size,
        apply=apply,
        prior=None,
        log_posterior=lambda latent, z: jnp.full(z.shape[0], -volume, z.dtype),
        step=step,
    )
    return with_prior(space, prior)
