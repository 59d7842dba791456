"""Discrepancies between a batch of codes and a prior: kernels and moments, no densities needed.

They are properties of a batch, not of an example: terms give every example the same number.
"""

from __future__ import annotations

from collections.abc import Callable

import jax.numpy as jnp

from aejax.errors import ConfigError, lookup
from aejax.hparams import HParam, Range
from aejax.keys import stream
from aejax.types import AnyArray, Array, Forward, Hparams, LatentSpace, Term

# Factors of the base width 2 L: Tolstikhin's published code sums the kernel over these.
SCALES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)

KERNEL_SCALE = HParam("kernel_scale", 1.0, Range(1e-6), meaning="factor of the kernel's widths")

# Squared distance and width C, of one shape -> similarity in [0, 1].
KERNELS: dict[str, Callable[[Array, Array], Array]] = {
    "imq": lambda distance, width: width / (width + distance),
    "rbf": lambda distance, width: jnp.exp(-distance / width),
}


def squared_distances(a: AnyArray, b: AnyArray) -> Array:
    """Returns ||a_i - b_j||^2: [n, L], [m, L] -> [n, m], from the differences themselves.

    The expansion a^2 + b^2 - 2ab is cheaper, but loses all digits of small distances.
    """
    return jnp.sum(jnp.square(a[:, None, :] - b[None, :, :]), axis=-1)


def mmd_sq(
    x: AnyArray,
    y: AnyArray,
    kernel: str = "imq",
    *,
    scale: AnyArray | float = 1.0,
    scales: tuple[float, ...] = SCALES,
) -> Array:
    """The unbiased estimate of the squared maximum mean discrepancy. Gretton 2012, eq. 3.

    Equation: mean_{i != j} k(x_i, x_j) + mean_{i != j} k(y_i, y_j) - 2 mean_{i, j} k(x_i, y_j),
    with k the sum over `scales` s of the kernel of width C = 2 L s * scale: at s = 1 the expected
    squared distance of two standard normal codes (Tolstikhin et al. 2018, section 4). The estimate
    may be negative.

    Args:
      x: [n, L]; y: [m, L].
      kernel: imq, C / (C + d^2), or rbf, exp(-d^2 / C).
      scale: multiplies all widths, a traced scalar above 0.
      scales: static factors of the width.

    Returns:
      A scalar, without unit; NaN where a sample has fewer than two rows, and so no pairs.

    Raises:
      ConfigError: an unknown kernel.
    """
    k = lookup("kernel", kernel, KERNELS)
    widths = jnp.asarray(scales, x.dtype) * (2.0 * x.shape[-1] * scale)

    def total(distance: AnyArray) -> Array:
        return jnp.sum(k(distance[None], widths[:, None, None]), axis=0)

    def within(a: AnyArray) -> Array:
        n = a.shape[0]
        if n < 2:
            return jnp.full((), jnp.nan, a.dtype)
        # A point's similarity to itself is 1 at each scale: taken off, not masked out.
        return (jnp.sum(total(squared_distances(a, a))) - n * len(scales)) / (n * (n - 1))

    return within(x) + within(y) - 2.0 * jnp.mean(total(squared_distances(x, y)))


def mmd_term(space: LatentSpace, kernel: str = "imq") -> Term:
    """The term `mmd_sq`: `mmd_sq` of the batch's codes and as many draws of the prior, [B].

    Tolstikhin et al. 2018, algorithm 2; `hp["kernel_scale"]` multiplies the kernel's widths.

    Raises:
      ConfigError: an unknown kernel, or a latent space without a prior.
    """
    lookup("kernel", kernel, KERNELS)
    prior = space.prior
    if prior is None:
        raise ConfigError(
            "mmd_term needs samples of a prior, and this latent space has none. "
            "Allowed: a latent space with a prior, such as 'matched' or 'gaussian'."
        )

    def term(forward: Forward, hp: Hparams) -> Array:
        z = forward.latent.z
        drawn = prior(forward.variables, stream(forward.key, "prior"), z.shape[0])
        value = mmd_sq(z, drawn, kernel, scale=hp["kernel_scale"])
        return jnp.broadcast_to(value, z.shape[:1])

    return term


def covariance(z: AnyArray) -> Array:
    """Returns the batch covariance [L, L] of z [B, L], divided by B. Kumar et al. 2018, eq. 5."""
    centred = z - jnp.mean(z, axis=0, keepdims=True)
    return centred.T @ centred / z.shape[0]


def posterior_covariance(forward: Forward) -> Array:
    """Cov[z] over q(z) = E_x q(z | x): Cov[mean] + E[diag variance]. Kumar et al. 2018, eq. 5."""
    latent = forward.latent
    if latent.logvar is None:
        raise ConfigError(
            "latent.logvar=None does not go with the covariance of q(z). "
            "Allowed: a latent space with a log-variance, such as 'gaussian'."
        )
    return covariance(latent.mean) + jnp.diag(jnp.mean(jnp.exp(latent.logvar), axis=0))


# Which covariance is drawn to the identity: of the means (i), or of the codes themselves (ii).
COVARIANCES: dict[str, Callable[[Forward], Array]] = {
    "i": lambda forward: covariance(forward.latent.mean),
    "ii": posterior_covariance,
}


def off_diagonal_term(variant: str) -> Term:
    """sum_{i != j} Cov_ij^2, [B]. Kumar et al. 2018, eq. 6 and 7.

    Raises:
      ConfigError: an unknown variant.
    """
    of = lookup("variant", variant, COVARIANCES)

    def term(forward: Forward, hp: Hparams) -> Array:
        matrix = of(forward)
        value = jnp.sum(jnp.square(matrix - jnp.diag(jnp.diag(matrix))))
        return jnp.broadcast_to(value, forward.latent.mean.shape[:1])

    return term


def diagonal_term(variant: str) -> Term:
    """sum_i (Cov_ii - 1)^2, [B]. Kumar et al. 2018, eq. 6 and 7.

    Raises:
      ConfigError: an unknown variant.
    """
    of = lookup("variant", variant, COVARIANCES)

    def term(forward: Forward, hp: Hparams) -> Array:
        value = jnp.sum(jnp.square(jnp.diag(of(forward)) - 1.0))
        return jnp.broadcast_to(value, forward.latent.mean.shape[:1])

    return term
