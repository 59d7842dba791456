"""Hamiltonian Monte Carlo on a path of densities, with the gradients kept from step to step."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

from aejax.keys import stream
from aejax.types import Array


class Position(NamedTuple):
    """Where chains stand; leading axes of any shape, one density each.

    The density at inverse temperature b is exp(base + b * tilt), so that one point serves all b.
    """

    z: Array  # [..., L]
    base: Array  # [...], log-density at b = 0
    tilt: Array  # [...], what b multiplies
    base_slope: Array  # [..., L], gradient of base
    tilt_slope: Array  # [..., L]


class Pieces(NamedTuple):
    """The two functions of z [..., L] -> [...] of such a path; each chain reads its own z alone."""

    base: Callable[[Array], Array]
    tilt: Callable[[Array], Array]


def point(pieces: Pieces, z: Array) -> Position:
    """Returns the point at z."""

    def slope(fn: Callable[[Array], Array]) -> tuple[Array, Array]:
        value, back = jax.vjp(fn, z)
        return value, back(jnp.ones_like(value))[0]

    (base, base_slope), (tilt, tilt_slope) = slope(pieces.base), slope(pieces.tilt)
    return Position(z, base, tilt, base_slope, tilt_slope)


def _force(at: Position, b: Array) -> Array:
    return at.base_slope + b * at.tilt_slope


def leapfrog(
    pieces: Pieces, at: Position, momentum: Array, b: Array, step: Array, leaps: int
) -> tuple[Position, Array]:
    """Returns the point and momentum [..., L] after `leaps` steps of size `step` [...].

    Neal 2011, eq. 2.28-2.30, at unit mass: reversible (turn the momentum round and come back) and
    volume preserving, whatever the step.
    """

    def leap(carry: tuple[Position, Array], _: None) -> tuple[tuple[Position, Array], None]:
        at, momentum = carry
        half = momentum + 0.5 * step[..., None] * _force(at, b)
        moved = point(pieces, at.z + step[..., None] * half)
        return (moved, half + 0.5 * step[..., None] * _force(moved, b)), None

    (end, momentum), _ = jax.lax.scan(leap, (at, momentum), None, length=leaps)
    return end, momentum


def transition(
    pieces: Pieces, at: Position, key: Array, b: Array, step: Array, leaps: int
) -> tuple[Position, Array]:
    """One HMC step that leaves exp(base + b tilt) invariant, and is reversible with respect to it.

    Args:
      pieces: the path of densities.
      at: where the chains stand.
      key: momenta and acceptance.
      b: inverse temperature, a scalar.
      step: leapfrog step sizes, of `at.base`'s shape; no function of the state.
      leaps: leapfrog steps, static.

    Returns:
      The new point, and the acceptance probabilities [...]; a trajectory that runs into no number
      is rejected with probability 1.
    """
    momentum = jax.random.normal(stream(key, "momentum"), at.z.shape, at.z.dtype)
    end, final = leapfrog(pieces, at, momentum, b, step, leaps)
    energy = lambda p, v: -p.base - b * p.tilt + 0.5 * jnp.sum(jnp.square(v), axis=-1)
    change = energy(end, final) - energy(at, momentum)
    log_accept = jnp.where(jnp.isnan(change), -jnp.inf, jnp.minimum(-change, 0.0))
    uniform = jax.random.uniform(stream(key, "accept"), change.shape, change.dtype)
    accept = jnp.log(uniform) < log_accept

    def choose(new: Array, old: Array) -> Array:
        wide = accept if new.ndim == accept.ndim else accept[..., None]
        return jnp.where(wide, new, old)

    return jax.tree.map(choose, end, at), jnp.exp(log_accept)
