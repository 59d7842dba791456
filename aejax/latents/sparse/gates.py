"""Codes whose units open and close by gates that are learned: JumpReLU, and gated."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp

from aejax.errors import ConfigError
from aejax.hparams import HParam, Range
from aejax.latents.deterministic import check_latent
from aejax.latents.sparse.selection import Selected
from aejax.types import Array, Forward, Hparams, Latent, LatentSpace, Term, Variables


def _inside(values: Array, threshold: Array, bandwidth: Array) -> Array:
    """The rectangle kernel K((values - threshold) / bandwidth): 1 within half a bandwidth."""
    return (jnp.abs(values - threshold) < 0.5 * bandwidth).astype(values.dtype)


@jax.custom_jvp
def jump(values: Array, threshold: Array, bandwidth: Array) -> Array:
    """values where they exceed the threshold, else 0. Rajamanoharan et al. 2024 (JumpReLU).

    Its derivative in `values` is the true one, H(values - threshold). That in `threshold` is zero
    almost everywhere, and is replaced by -(threshold / bandwidth) K(.): in expectation over
    the data the derivative of the expected loss, estimated by a kernel of that bandwidth.
    """
    return jnp.where(values > threshold, values, 0.0)


@jump.defjvp
def _jump_jvp(primals, tangents):
    (values, threshold, bandwidth), (d_values, d_threshold, _) = primals, tangents
    slope = threshold / bandwidth * _inside(values, threshold, bandwidth)
    passed = jnp.where(values > threshold, d_values, 0.0)
    return jump(values, threshold, bandwidth), passed - slope * d_threshold


@jax.custom_jvp
def above(values: Array, threshold: Array, bandwidth: Array) -> Array:
    """H(values - threshold), with the pseudo-derivative -K(.) / bandwidth in the threshold.

    In `values` the derivative is zero, as it truly is: the penalty moves thresholds only.
    """
    return (values > threshold).astype(values.dtype)


@above.defjvp
def _above_jvp(primals, tangents):
    (values, threshold, bandwidth), (_, d_threshold, _) = primals, tangents
    slope = _inside(values, threshold, bandwidth) / bandwidth
    return above(values, threshold, bandwidth), -slope * d_threshold


def _threshold(variables: Variables) -> Array:
    return jnp.exp(variables["params"]["latent"]["log_threshold"])[None, :]


def jump_relu(size: int, threshold: float = 0.1, bandwidth: float = 0.1) -> LatentSpace:
    """Rectified units that exceed a learned threshold each. Rajamanoharan et al. 2024 (JumpReLU).

    Args:
      size: of the code.
      threshold: where every unit's threshold begins; positive by exp in training.
      bandwidth: of the kernel, in the pre-activations' unit; the traced `bandwidth`.

    Raises:
      ConfigError: a threshold that is not above 0.
    """
    size = check_latent(size)
    if not threshold > 0:
        raise ConfigError(f"threshold={threshold!r} is out of range. Allowed: above 0.")

    def apply(variables: Variables, h: Array, key: Array | None) -> Latent:
        limit = _threshold(variables)
        rectified = jax.nn.relu(h)
        z = jump(rectified, limit, variables["extra"]["bandwidth"])
        return Latent(z=z, mean=z, aux=Selected(rectified, rectified > limit))

    return LatentSpace(
        size=size,
        outputs=size,
        apply=apply,
        prior=None,
        sparse=True,
        init=lambda key: {
            "params": {"log_threshold": jnp.full((size,), math.log(threshold), jnp.float32)},
            "extra": {"bandwidth": jnp.float32(bandwidth)},
        },
        prepare=lambda extra, hp, step: {"bandwidth": hp["bandwidth"]},
        hparams=(HParam("bandwidth", bandwidth, Range(1e-6), "epsilon", "width of the kernel"),),
    )


L0_WARMUP = HParam("l0_warmup", 200.0, meaning="steps in which the penalty's gradient rises")


def l0_term() -> Term:
    """The term `l0`: the number of active units, with its pseudo-gradient in the thresholds.

    Its gradient grows from zero to its full size over the first hp["l0_warmup"] steps, as the
    paper lets lambda grow; its value is the count itself at any step.
    """

    def term(forward: Forward, hp: Hparams) -> Array:
        limit = _threshold(forward.variables)
        count = jnp.sum(above(forward.latent.aux.pre, limit, hp["bandwidth"]), axis=-1)
        warm = jnp.clip((forward.step + 1) / jnp.maximum(hp["l0_warmup"], 1.0), 0.0, 1.0)
        held = jax.lax.stop_gradient(count)
        return held + warm * (count - held)

    return term


def rectified(size: int) -> LatentSpace:
    """The gate of the plain dictionary: relu, open where the pre-activation is above zero."""
    size = check_latent(size)

    def apply(variables: Variables, h: Array, key: Array | None) -> Latent:
        z = jax.nn.relu(h)
        return Latent(z=z, mean=z, aux=Selected(h, h > 0))

    return LatentSpace(size=size, outputs=size, apply=apply, prior=None, sparse=True)


def gated(size: int) -> LatentSpace:
    """A gate says whether a unit speaks, a magnitude how loud, from one shared projection.

    Rajamanoharan et al. 2024 (gated): with h = W (x - b_dec),

        gate = h + b_gate    magnitude = relu(exp(r) * h + b_mag)    z = 1[gate > 0] * magnitude

    `Latent.aux.pre` is the gate's pre-activation.
    """
    size = check_latent(size)

    def apply(variables: Variables, h: Array, key: Array | None) -> Latent:
        own = {name: leaf[None, :] for name, leaf in variables["params"]["latent"].items()}
        gate = h + own["gate_bias"]
        magnitude = jax.nn.relu(jnp.exp(own["log_scale"]) * h + own["magnitude_bias"])
        z = jnp.where(gate > 0, magnitude, 0.0)
        return Latent(z=z, mean=z, aux=Selected(gate, gate > 0))

    names = ("gate_bias", "log_scale", "magnitude_bias")
    return LatentSpace(
        size=size,
        outputs=size,
        apply=apply,
        prior=None,
        sparse=True,
        init=lambda key: {
            "params": {name: jnp.zeros(size, jnp.float32) for name in names},
            "extra": {},
        },
    )
