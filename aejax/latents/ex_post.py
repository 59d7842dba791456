"""A deterministic code with a density fitted to the codes themselves, to sample from."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from aejax.hparams import FRACTION, HParam
from aejax.latents.deterministic import check_latent
from aejax.latents.moving_average import moving_mean
from aejax.types import Array, Forward, Hparams, Latent, LatentSpace, PyTree, Variables


def ex_post_gaussian(size: int, decay: float = 0.99) -> LatentSpace:
    """z = f(x); new codes from a full Gaussian that follows the codes. Ghosh et al. 2020.

    The paper fits its density after training. Here first and second moments are moving averages
    over training batches, hp["moments_decay"]: members of a population need no pass of their own,
    and the density is part of the variables. No gradient passes them.
    """
    size = check_latent(size)

    def apply(variables: Variables, h: Array, key: Array | None) -> Latent:
        return Latent(z=h, mean=h)

    def prepare(extra: PyTree, hp: Hparams, step: Array) -> PyTree:
        return {**extra, "decay": hp["moments_decay"]}

    def update(extra: PyTree, forward: Forward) -> PyTree:
        z = jax.lax.stop_gradient(forward.latent.z)
        return moving_mean(extra, {"first": jnp.mean(z, axis=0), "second": z.T @ z / z.shape[0]})

    def prior(variables: Variables, key: Array, n: int) -> Array:
        mean, root = moments(variables["extra"])
        return mean[None, :] + jax.random.normal(key, (n, size), jnp.float32) @ root

    return LatentSpace(
        size=size,
        outputs=size,
        apply=apply,
        prior=prior,
        init=lambda key: {
            "params": {},
            "extra": {
                "first": jnp.zeros(size, jnp.float32),
                "second": jnp.eye(size, dtype=jnp.float32),
                "decay": jnp.float32(decay),
                "count": jnp.float32(0),
            },
        },
        prepare=prepare,
        update=update,
        hparams=(HParam("moments_decay", decay, FRACTION, meaning="decay of the codes' moments"),),
    )


def moments(extra: PyTree) -> tuple[Array, Array]:
    """Returns the mean [L] and the covariance's symmetric root [L, L] of the followed codes.

    By eigenvalues and not by Cholesky: codes of fewer dimensions than L have a singular covariance.
    """
    mean = extra["first"]
    values, vectors = jnp.linalg.eigh(extra["second"] - mean[:, None] * mean[None, :])
    scale = jnp.sqrt(jnp.maximum(values, 0.0))
    return mean, (vectors * scale[None, :]) @ vectors.T
