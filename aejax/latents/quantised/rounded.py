"""Whole numbers of any size, with a learned probability each: what an entropy coder writes."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from aejax.errors import check_size
from aejax.keys import stream
from aejax.latents.priors.base import with_prior
from aejax.latents.priors.factorised import factorised
from aejax.latents.quantised.straight import straight_through
from aejax.types import Array, Latent, LatentSpace, Variables


def rounded(size: int, filters: tuple[int, ...] = (3, 3, 3)) -> LatentSpace:
    """z = round(h); in training z = h + u, u uniform on [-1/2, 1/2]. Ballé et al. 2017.

    Rounding has no gradient; noise of the same width has one, and the density of what it yields is
    at whole numbers their probability, so that the rate in training stands for the bits at test. It
    is a variational posterior too: q(z | x) is uniform on a unit cube about h, of log-density 0.

    Args:
      size: L.
      filters: as in `factorised`.

    Raises:
      ConfigError: a size below 1.
    """
    size = check_size("latent", size)

    def apply(variables: Variables, h: Array, key: Array | None) -> Latent:
        whole = straight_through(jnp.round(h), h)
        if key is None:
            return Latent(z=whole, mean=whole)
        noise = jax.random.uniform(stream(key, "rounding"), h.shape, h.dtype, -0.5, 0.5)
        return Latent(z=h + noise, mean=whole)

    space = LatentSpace(
        size=size,
        outputs=size,
        apply=apply,
        prior=None,
        log_posterior=lambda latent, z: jnp.zeros(z.shape[0], z.dtype),
        whole=True,
    )
    return with_prior(space, factorised(size, filters))
