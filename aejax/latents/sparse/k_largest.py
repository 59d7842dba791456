"""Codes of which the k largest units are kept: by example, or over a batch."""

from __future__ import annotations

from math import inf

import jax
import jax.numpy as jnp

from aejax.hparams import FRACTION, HParam, Range
from aejax.latents.deterministic import check_latent
from aejax.latents.moving_average import moving_mean
from aejax.latents.sparse.selection import Selected, check_k, largest
from aejax.types import Array, Forward, Hparams, Latent, LatentSpace, PyTree, Variables


def k_sparse(size: int, k: int = 25, alpha: float = 3.0) -> LatentSpace:
    """The k largest units, signed and linear; alpha * k of them at evaluation.

    Makhzani & Frey 2013. In training k falls linearly from hp["k_start"] to hp["k"] over the first
    hp["k_steps"] steps, against dead units; alpha * k is clipped to the code's size.

    Raises:
      ConfigError: k is not in 1..size.
    """
    size = check_latent(size)
    check_k(k, size)

    def apply(variables: Variables, h: Array, key: Array | None) -> Latent:
        extra = variables["extra"]
        active = largest(h, extra["k_eval"] if key is None else extra["k"])
        z = jnp.where(active, h, 0.0)
        return Latent(z=z, mean=z, aux=Selected(h, active))

    def prepare(extra: PyTree, hp: Hparams, step: Array) -> PyTree:
        progress = jnp.clip(step / jnp.maximum(hp["k_steps"], 1.0), 0.0, 1.0)
        now = jnp.round(hp["k_start"] + (hp["k"] - hp["k_start"]) * progress)
        return {"k": now, "k_eval": jnp.round(hp["alpha"] * now)}

    return LatentSpace(
        size=size,
        outputs=size,
        apply=apply,
        prior=None,
        sparse=True,
        init=lambda key: {
            "params": {},
            "extra": {"k": jnp.float32(k), "k_eval": jnp.float32(round(alpha * k))},
        },
        prepare=prepare,
        hparams=(
            HParam("k", k, Range(1, size, whole=True), "k", "active units in training"),
            HParam("alpha", alpha, Range(1), "alpha", "alpha k units are active at evaluation"),
            HParam("k_start", min(4 * k, size), Range(1, size, whole=True), meaning="k at step 0"),
            HParam("k_steps", 1000.0, meaning="steps in which k falls from k_start to k"),
        ),
    )


def top_k(size: int, k: int = 32) -> LatentSpace:
    """The k largest units, rectified; counts for how many examples each unit has been silent.

    Gao et al. 2024, section 2.3. extra["idle"] [L] is the number of examples since a unit was last
    active.

    Raises:
      ConfigError: k is not in 1..size.
    """
    size = check_latent(size)
    check_k(k, size)

    def apply(variables: Variables, h: Array, key: Array | None) -> Latent:
        active = largest(h, variables["extra"]["k"])
        z = jnp.where(active, jax.nn.relu(h), 0.0)
        return Latent(z=z, mean=z, aux=Selected(h, active))

    return LatentSpace(
        size=size,
        outputs=size,
        apply=apply,
        prior=None,
        sparse=True,
        init=lambda key: {
            "params": {},
            "extra": {"k": jnp.float32(k), "idle": jnp.zeros(size, jnp.float32)},
        },
        prepare=lambda extra, hp, step: {**extra, "k": hp["k"]},
        update=lambda extra, forward: {**extra, "idle": idle(extra, forward)},
        hparams=(HParam("k", k, Range(1, size, whole=True), "k", "active units of an example"),),
    )


def batch_top_k(size: int, k: float = 32, decay: float = 0.99) -> LatentSpace:
    """The k * B largest rectified units of a batch: k is a mean, and an example has its own share.

    Bussmann et al. 2024. At evaluation a unit speaks when it is above one threshold,
    the mean over training batches of the smallest value that was let through: a moving average
    here, so that no pass after training is needed and an example's code is its own affair.

    Raises:
      ConfigError: k is not in 1..size.
    """
    size = check_latent(size)
    check_k(k, size)

    def apply(variables: Variables, h: Array, key: Array | None) -> Latent:
        extra, rectified = variables["extra"], jax.nn.relu(h)
        if key is None:
            active = rectified > extra["threshold"]
        else:
            active = largest(rectified.reshape(1, -1), extra["k"] * h.shape[0]).reshape(h.shape)
        z = jnp.where(active, rectified, 0.0)
        return Latent(z=z, mean=z, aux=Selected(h, active))

    def update(extra: PyTree, forward: Forward) -> PyTree:
        smallest = jnp.min(jnp.where(forward.latent.z > 0, forward.latent.z, inf))
        smallest = jnp.where(jnp.isfinite(smallest), smallest, extra["threshold"])
        return {
            **moving_mean(extra, {"threshold": jax.lax.stop_gradient(smallest)}),
            "idle": idle(extra, forward),
        }

    return LatentSpace(
        size=size,
        outputs=size,
        apply=apply,
        prior=None,
        sparse=True,
        init=lambda key: {
            "params": {},
            "extra": {
                "k": jnp.float32(k),
                "idle": jnp.zeros(size, jnp.float32),
                "threshold": jnp.float32(0),
                "decay": jnp.float32(decay),
                "count": jnp.float32(0),
            },
        },
        prepare=lambda extra, hp, step: {**extra, "k": hp["k"], "decay": hp["threshold_decay"]},
        update=update,
        hparams=(
            HParam("k", k, Range(1, size), "k", "active units of an example, in the mean"),
            HParam("threshold_decay", decay, FRACTION, meaning="decay of the threshold"),
        ),
    )


def idle(extra: PyTree, forward: Forward) -> Array:
    """Returns the examples since each unit was last above zero, [L], this batch included."""
    spoke = jnp.any(forward.latent.z > 0, axis=0)
    return jnp.where(spoke, 0.0, extra["idle"] + forward.x.shape[0])
