"""Lifetime sparsity: each unit speaks for the few examples of a batch that move it most."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from aejax.hparams import FRACTION, HParam
from aejax.latents.deterministic import check_latent
from aejax.latents.moving_average import moving_mean
from aejax.latents.sparse.selection import Selected, largest
from aejax.types import Array, Forward, Hparams, Latent, LatentSpace, PyTree, Variables


def lifetime(size: int, rate: float = 0.05, decay: float = 0.99) -> LatentSpace:
    """Units, each kept on its round(rate * B) largest examples of a batch, one at least.

    Makhzani & Frey 2015, section 2. The winners are taken before the rectifier and pass as they
    are: a unit that is negative on a whole batch still wins somewhere and learns, which is the
    paper's promise of no dead units; behind a rectifier its winners would be zeros without a
    gradient.

    At evaluation the paper turns the constraint off and takes the rectified units as features:
    that is `mean`. What the decoder gets then, `z`, has to be as sparse as what it was trained on:
    a unit is kept from a threshold of its own, the moving average of the smallest value that it
    kept in training.
    """
    size = check_latent(size)

    def apply(variables: Variables, h: Array, key: Array | None) -> Latent:
        extra = variables["extra"]
        if key is None:
            active = h >= extra["threshold"][None, :]
        else:
            kept = jnp.maximum(jnp.round(extra["rate"] * h.shape[0]), 1.0)
            active = largest(h.T, kept).T
        return Latent(z=jnp.where(active, h, 0.0), mean=jax.nn.relu(h), aux=Selected(h, active))

    def prepare(extra: PyTree, hp: Hparams, step: Array) -> PyTree:
        return {**extra, "rate": hp["lifetime"], "decay": hp["threshold_decay"]}

    def update(extra: PyTree, forward: Forward) -> PyTree:
        chosen = forward.latent.aux
        smallest = jnp.min(jnp.where(chosen.active, chosen.pre, jnp.inf), axis=0)
        return moving_mean(extra, {"threshold": jax.lax.stop_gradient(smallest)})

    return LatentSpace(
        size=size,
        outputs=size,
        apply=apply,
        prior=None,
        sparse=True,
        init=lambda key: {
            "params": {},
            "extra": {
                "rate": jnp.float32(rate),
                "threshold": jnp.zeros(size, jnp.float32),
                "decay": jnp.float32(decay),
                "count": jnp.float32(0),
            },
        },
        prepare=prepare,
        update=update,
        hparams=(
            HParam(
                "lifetime",
                rate,
                FRACTION,
                "lifetime sparsity rate",
                "share of a batch on which a unit is kept",
            ),
            HParam("threshold_decay", decay, FRACTION, meaning="decay of the units' thresholds"),
        ),
    )
