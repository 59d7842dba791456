"""Squared Jacobian norms of a chain of affine layers, exact, without any Jacobian.

With the slopes D_l = diag(act_l'(s_l)) at the pre-activations s_l of one example,

    J = D_N W_N^T ... D_2 W_2^T D_1 W_1^T        ||J||_F^2 = tr(J J^T)

is a trace, invariant under cyclic order: the product can be started anywhere. From the input's end
it begins with the Gram matrix W_1^T W_1, which no example changes: the input's size leaves the
cost of an example. Where the output is linear, W_N W_N^T is as good at the other
end, and for two layers all that is left per example is a quadratic form in the slopes:

    ||J||_F^2 = d^T (W_1^T W_1 o W_2 W_2^T) d        (o: elementwise)
"""

from __future__ import annotations

from collections.abc import Sequence

import jax
import jax.numpy as jnp

from aejax.losses.jacobian.cost import Route, chain_widths, curved, plan
from aejax.nets.activations import ACTIVATIONS
from aejax.types import AnyArray, Array, Dense

# Rules below are traced when they are differentiated, outside any precision context: they ask anew.
_FLOAT32 = jax.lax.Precision.HIGHEST
Slopes = tuple[Array | None, ...]


def slopes(layers: tuple[Dense, ...], x: AnyArray) -> Slopes:
    """The derivative of each layer's activation at its pre-activation.

    Args:
      layers: N layers.
      x: [B, D].

    Returns:
      N arrays [B, H_l], None for an identity.
    """
    a, found = x, []
    for layer in layers:
        s = a @ layer.kernel + layer.bias[None, :]
        if layer.activation == "identity":
            a, slope = s, None
        else:
            # Elementwise, so one product with ones gives every unit's derivative.
            a, slope = jax.jvp(ACTIVATIONS[layer.activation], (s,), (jnp.ones_like(s),))
        found.append(slope)
    return tuple(found)


@jax.custom_jvp
def gram(rows: AnyArray) -> Array:
    """rows^T rows, [..., R, N] -> [..., N, N], with one product in the gradient instead of two."""
    return jnp.matmul(jnp.swapaxes(rows, -1, -2), rows, precision=_FLOAT32)


@gram.defjvp
def _gram_jvp(primals, tangents):
    half = jnp.matmul(jnp.swapaxes(primals[0], -1, -2), tangents[0], precision=_FLOAT32)
    return gram(primals[0]), half + jnp.swapaxes(half, -1, -2)


def _scale(rows: AnyArray, slope: AnyArray) -> Array:
    """rows [R, N] or [B, R, N], slope [B, N] -> [B, R, N]."""
    return (rows if rows.ndim == 3 else rows[None]) * slope[:, None, :]


@jax.custom_jvp
def quadratic(rows: AnyArray, slope: AnyArray, matrix: AnyArray) -> Array:
    """a^T matrix a for every a = row * slope, where the matrix is symmetric.

    The rule uses the symmetry, which autodiff cannot know of: two large products for the value and
    its gradient instead of three.

    Args:
      rows: [R, N] shared by the batch, or [B, R, N].
      slope: [B, N].
      matrix: [N, N] or [B, N, N], symmetric.

    Returns:
      [B, R].
    """
    a = _scale(rows, slope)
    return jnp.sum(jnp.matmul(a, matrix, precision=_FLOAT32) * a, axis=-1)


@quadratic.defjvp
def _quadratic_jvp(primals, tangents):
    (rows, slope, matrix), (d_rows, d_slope, d_matrix) = primals, tangents
    a = _scale(rows, slope)
    y = jnp.matmul(a, matrix, precision=_FLOAT32)
    # As products and not as sums of a broadcast: their transposes, the gradients of rows and slope,
    # are products again, where XLA's sums over the batch took a fifth of the whole on a CPU.
    into_rows = 2.0 * y * slope[:, None, :]
    into_slope = 2.0 * y * (rows if rows.ndim == 3 else rows[None])
    along = "brn,rn->br" if d_rows.ndim == 2 else "brn,brn->br"
    change = jnp.einsum(along, into_rows, d_rows, precision=_FLOAT32)
    change += jnp.einsum("brn,bn->br", into_slope, d_slope, precision=_FLOAT32)
    turned = jnp.sum(jnp.matmul(a, d_matrix, precision=_FLOAT32) * a, axis=-1)
    return jnp.sum(y * a, axis=-1), change + turned


def _carry(
    rows: AnyArray,
    steps: Sequence[tuple[Array | None, Array]],
    gram_at: int | None,
    weights: AnyArray | None,
) -> tuple[Array, bool]:
    """Carries one end over the given (slope, kernel) pairs; see `jacobian_cost.Route`.

    Returns the rows, or the Gram matrix if `gram_at` (a number of steps) was passed, and which.
    """
    end, is_gram = rows, False
    for i in range(len(steps) + 1):
        if i == gram_at:
            if weights is not None:  # [B, R] -> along the rows
                end = (end if end.ndim == 3 else end[None]) * weights[:, :, None]
            end, is_gram = gram(end), True
        if i == len(steps):
            break
        slope, kernel = steps[i]
        if slope is not None:
            end = _scale(end, slope)
            end = end * slope[:, :, None] if is_gram else end
        end = end @ kernel
        end = kernel.T @ end if is_gram else end
    return end, is_gram


def _meet(one: tuple[Array, bool], two: tuple[Array, bool], slope: AnyArray) -> Array:
    """Closes the circle: [B, R], the squared norms of the R rows of the second end, or [B, 1]."""
    (first, first_gram), (second, second_gram) = one, two
    if first_gram and second_gram and first.ndim == second.ndim == 2:
        return quadratic(jnp.ones_like(slope[:1]), slope, first * second)
    if first_gram and second_gram:
        outer = slope[:, :, None] * slope[:, None, :]
        first, second = (m if m.ndim == 3 else m[None] for m in (first, second))
        return jnp.sum(first * second * outer, axis=(1, 2))[:, None]
    if first_gram:
        return quadratic(second, slope, first)
    if second_gram:
        return quadratic(first, slope, second)
    return jnp.sum(jnp.square(_bridge(first, second, slope)), axis=1)


def _bridge(first: AnyArray, second: AnyArray, slope: AnyArray) -> Array:
    """first diag(slope) second^T, [B, R_1, R_2]: slopes go to the end that costs least memory."""
    batched_first = (first.ndim, -first.shape[-2]) > (second.ndim, -second.shape[-2])
    if batched_first:
        return _scale(first, slope) @ jnp.swapaxes(second, -1, -2)
    return jnp.swapaxes(_scale(second, slope) @ jnp.swapaxes(first, -1, -2), 1, 2)


def contract(layers: tuple[Dense, ...], found: Slopes, route: Route, batch: int) -> Array:
    """||J||_F^2 for given slopes by a given plan.

    Args:
      layers: N >= 2 layers.
      found: their slopes, [B, H_l] or None.
      route: where the ends meet, and from where on they are Gram matrices.
      batch: B.

    Returns:
      [B].
    """
    kernels, last = [layer.kernel for layer in layers], len(layers)
    weights = found[-1]
    inward = _carry(
        kernels[0],
        [(found[i - 1], kernels[i]) for i in range(1, route.meet)],
        route.input_gram and route.input_gram - 1,
        None,
    )
    outward = _carry(
        kernels[-1].T,
        [(found[i - 1], kernels[i - 1].T) for i in range(last - 1, route.meet, -1)],
        route.output_gram and last - 1 - route.output_gram,
        weights,
    )
    slope = found[route.meet - 1]
    if slope is None:
        slope = jnp.ones((batch, kernels[route.meet].shape[0]), kernels[0].dtype)
    norms = _meet(inward, outward, slope)
    if weights is not None and not outward[1]:
        norms = norms * jnp.square(weights)
    return jnp.sum(norms, axis=1)


def chain_norm(layers: tuple[Dense, ...], x: AnyArray) -> Array:
    """||J(x)||_F^2 of a chain of two or more layers, [B, D] -> [B], by the cheapest contraction."""
    route = plan(chain_widths(layers), curved(layers), x.shape[0])
    return contract(layers, slopes(layers, x), route, x.shape[0])


def layer_norm(layer: Dense, slope: AnyArray | None, batch: int) -> Array:
    """||J||_F^2 of one layer: sum_j d_j^2 sum_i W_ij^2, [B, H] -> [B].

    Rifai et al. 2011 (ICML), whose sigmoid has d = h (1 - h). A `slope` of None stands for ones.
    """
    columns = jnp.sum(jnp.square(layer.kernel), axis=0)
    if slope is None:
        return jnp.broadcast_to(jnp.sum(columns), (batch,))
    return jnp.sum(jnp.square(slope) * columns[None, :], axis=1)
