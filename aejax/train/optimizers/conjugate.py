"""Non-linear conjugate gradients with a line search, as an optax transformation.

Polak-Ribiere directions with the automatic restart (PR+), steps that satisfy the strong Wolfe
conditions. The whole of it is `jax.lax` control flow, so that it runs inside the training step and
under `vmap`: in a population every member searches its own line.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from aejax.types import Array, PyTree

ARMIJO = 0.01  # least decrease, as a fraction of what the first slope promises
CURVATURE = 0.1  # most that is left of the slope; conjugacy needs a nearly exact search
FURTHEST = 10.0  # most that a first guess may grow from one search to the next
NEAREST, BEYOND = (
    0.1,
    3.0,
)  # how close to a bracket's end, how far outside an open one, a guess may be

Phi = Callable[
    [Array], tuple[Array, Array, PyTree]
]  # step -> (value, slope along the line, gradient)


class LinePoint(NamedTuple):
    """A place on the line: the step to it, the slope along the line, and what was found there."""

    step: Array
    slope: Array
    value: Array
    grad: PyTree


class CGState(NamedTuple):
    """What one line search leaves for the next; `slope` 0 stands for a fresh start."""

    grad: PyTree
    direction: PyTree
    step: Array
    slope: Array


def dot(a: PyTree, b: PyTree) -> Array:
    """Returns the inner product of two trees."""
    parts = jax.tree.leaves(jax.tree.map(lambda u, v: jnp.sum(u * v), a, b))
    return jnp.sum(jnp.stack(parts))


def _where(which: Array, a: Any, b: Any) -> Any:
    return jax.tree.map(lambda u, v: jnp.where(which, u, v), a, b)


def _along(x: PyTree, step: Array, direction: PyTree) -> PyTree:
    return jax.tree.map(lambda u, v: u + step * v, x, direction)


def wolfe(phi: Phi, start: LinePoint, first: Array, evaluations: int) -> LinePoint:
    """Searches a line for a step that satisfies the strong Wolfe conditions.

    The bracket's lower end always satisfies the first condition and points downhill; its upper end
    violates the first or points uphill, so that a solution lies between them. Guesses are the
    secant's zeros of the slope: unlike interpolated values, slopes do not cancel near a minimum.

    Args:
      phi: the function along the line.
      start: step 0, with a negative slope.
      first: the first guess, above 0.
      evaluations: the most calls of `phi`.

    Returns:
      The point found; if the evaluations run out, the best lower end (`start` itself if no guess
      was any good).
    """
    # A difference below rounding is no evidence of an increase: there the slope alone decides.
    slack = 4 * jnp.finfo(start.value.dtype).eps * jnp.abs(start.value)

    def body(state):
        count, _, step, low, high, high_slope = state
        value, slope, grad = phi(step)
        enough = value <= start.value + ARMIJO * step * start.slope + slack
        good = enough & (jnp.abs(slope) <= CURVATURE * jnp.abs(start.slope))  # False for a NaN
        raises = good | (enough & (slope < 0))
        secant_open = step - slope * (step - low.step) / (slope - low.slope)
        low = _where(raises, LinePoint(step, slope, value, grad), low)
        high = jnp.where(raises, high, step)
        # Where there is no value there is no slope either: halve, rather than trust a secant.
        there = jnp.where(jnp.isfinite(value), slope, jnp.nan)
        high_slope = jnp.where(raises, high_slope, there)
        width = high - low.step
        secant = low.step + width * low.slope / (low.slope - high_slope)
        secant = jnp.where((high_slope >= 0) & jnp.isfinite(secant), secant, low.step + 0.5 * width)
        inside = jnp.clip(secant, low.step + NEAREST * width, high - NEAREST * width)
        outside = jnp.where(jnp.isfinite(secant_open), secant_open, BEYOND * step)
        outside = jnp.where(outside > step, outside, BEYOND * step)  # concave: no zero ahead
        outside = jnp.clip(outside, (1 + NEAREST) * step, BEYOND * step)
        return (
            count + 1,
            good,
            jnp.where(jnp.isfinite(high), inside, outside),
            low,
            high,
            high_slope,
        )

    infinite = jnp.full_like(start.step, jnp.inf)
    state = (jnp.int32(0), jnp.bool_(False), first, start, infinite, infinite)
    return jax.lax.while_loop(lambda s: (s[0] < evaluations) & ~s[1], body, state)[3]


def conjugate_gradients(
    line_searches: int = 1, restart: bool = False, evaluations: int = 20
) -> optax.GradientTransformationExtraArgs:
    """Polak-Ribiere+ conjugate gradients. Hinton & Salakhutdinov 2006 fine-tune by these.

    The first guess of a search is 1 / (1 + |g|^2), later ones continue the last with the slopes'
    ratio, both as in Rasmussen's `minimize`. It has no learning rate.

    Args:
      line_searches: per update, all on the same batch.
      restart: begin every update with steepest descent, as where each has another batch; else the
        directions go on, as with the full batch.
      evaluations: most evaluations of value and gradient in a line search.

    Returns:
      A transformation whose `update` needs `value`, `grad` and `value_fn`, as optax's searches do.
    """

    def init(params: PyTree) -> CGState:
        zeros = jax.tree.map(jnp.zeros_like, params)
        return CGState(zeros, zeros, jnp.float32(0), jnp.float32(0))

    def update(updates: PyTree, state: Any, params: PyTree = None, **line: Any):
        value, grad, value_fn = line["value"], line["grad"], line["value_fn"]
        value_and_grad = jax.value_and_grad(value_fn)

        def search(carry, _):
            x, value, grad, last = carry
            fresh = last.slope == 0
            power = dot(grad, grad)
            change = power - dot(grad, last.grad)
            beta = jnp.maximum(change / jnp.where(fresh, 1.0, dot(last.grad, last.grad)), 0.0)
            beta = jnp.where(fresh, 0.0, beta)
            direction = jax.tree.map(lambda g, d: beta * d - g, grad, last.direction)
            slope = dot(direction, grad)
            fresh = fresh | ~(slope < 0)
            direction = _where(fresh, jax.tree.map(jnp.negative, grad), direction)
            slope = jnp.where(fresh, -power, slope)
            ratio = jnp.minimum(last.slope / jnp.where(slope == 0, -1.0, slope), FURTHEST)
            first = jnp.where(fresh, 1 / (1 - slope), last.step * ratio)

            def phi(step: Array) -> tuple[Array, Array, PyTree]:
                f, g = value_and_grad(_along(x, step, direction))
                return f, dot(g, direction), g

            start = LinePoint(jnp.zeros_like(first), slope, value, grad)
            end = wolfe(phi, start, first, evaluations)
            # A search that found nothing leaves no direction worth keeping.
            slope = jnp.where(end.step > 0, slope, 0.0)
            new = CGState(grad, direction, end.step, slope)
            return (_along(x, end.step, direction), end.value, end.grad, new), None

        begun = init(params) if restart else state
        # `last` of the next update is compared with a gradient at the same place, so that its own
        # `grad` is the one at which the direction was made.
        (x, _, _, state), _ = jax.lax.scan(
            search, (params, value, grad, begun), length=line_searches
        )
        return jax.tree.map(jnp.subtract, x, params), state

    return optax.GradientTransformationExtraArgs(init, update)
