"""A deterministic code with a density fitted to the codes themselves, to sample from."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from aejax.hparams import FRACTION, HParam
from aejax.latents.deterministic import check_latent
from aejax.latents.moving_average import moving_mean, moving_rate
from aejax.types import Array, Forward, Hparams, Latent, LatentSpace, PyTree, Variables


def ex_post_gaussian(size: int, decay: float = 0.99) -> LatentSpace:
    """z = f(x); new codes from a full Gaussian that follows the codes. Ghosh et al. 2020.

    The paper fits its density after training. Here mean and covariance are moving averages
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
        mean = jnp.mean(z, axis=0)
        centred, moved = z - mean[None], mean - extra["mean"]
        # The covariance of a mixture, and not the second moment: about the mean it keeps its digits
        # wherever the codes are. E[zz'] - mm' of mixtures (1 - r, r) is
        # (1 - r) C + r C_batch + r (1 - r) dd', d the distance of the means.
        rate = moving_rate(extra)
        spread = centred.T @ centred / z.shape[0] + (1.0 - rate) * jnp.outer(moved, moved)
        return moving_mean(extra, {"mean": mean, "covariance": spread})

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
                "mean": jnp.zeros(size, jnp.float32),
                "covariance": jnp.eye(size, dtype=jnp.float32),
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
    values, vectors = jnp.linalg.eigh(extra["covariance"])
    scale = jnp.sqrt(jnp.maximum(values, 0.0))
    return extra["mean"], (vectors * scale[None, :]) @ vectors.T
