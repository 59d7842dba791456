"""A linear autoencoder against principal component analysis: subspaces, directions, curvature.

NumPy in double precision: the matrices are small, and the differences to be seen are too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from aejax.train import compile as compiler
from aejax.types import AnyArray


class Principal(NamedTuple):
    """Mean [D], directions [D, R] in columns, and variances [R] (over N, not N - 1), descending."""

    mean: np.ndarray
    directions: np.ndarray
    variances: np.ndarray


def principal(x: np.ndarray) -> Principal:
    """Returns all principal components of rows x [N, D]."""
    x = np.asarray(x, np.float64)
    mean = x.mean(0)
    _, singular, right = np.linalg.svd(x - mean, full_matrices=False)
    return Principal(mean, right.T, singular**2 / len(x))


def residual(components: Principal, k: int) -> float:
    """Returns the mean squared error per example of the best rank-k reconstruction."""
    return float(components.variances[k:].sum())


def largest_angle(a: np.ndarray, b: np.ndarray) -> float:
    """Returns the largest principal angle in radians between the column spaces of a and b [D, K].

    Björck & Golub 1973: by sines, which keep their digits where the angle is small.
    """
    a, b = np.linalg.qr(np.asarray(a, np.float64))[0], np.linalg.qr(np.asarray(b, np.float64))[0]
    sine = np.linalg.norm(b - a @ (a.T @ b), ord=2)
    return float(np.arcsin(np.clip(sine, 0.0, 1.0)))


def matched_cosines(decoder: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """Returns |cos| [K] of the decoder's i-th left singular vector with the i-th direction.

    Kunin et al. 2019: these are the principal directions one by one under L2, and a rotation of
    them without it. `decoder` is W2 [D, K], `directions` [D, >= K], by descending variance. A
    decoder with L2 has singular values that rise with the variance, so that the order is the same.
    """
    left = np.linalg.svd(np.asarray(decoder, np.float64), full_matrices=False)[0]
    return np.abs(np.sum(left * directions[:, : left.shape[1]], axis=0))


def recovered_deviations(decoder: np.ndarray, penalty: float) -> np.ndarray:
    """Returns sqrt(lambda / (1 - s^2)) [K], Kunin et al. 2019, theorem 2.

    With the loss E||x - W2 W1 x||^2 / 2 + lambda (||W1||^2 + ||W2||^2) / 2 these are the standard
    deviations of the data along the directions; NaN where s is not below 1.
    """
    singular = np.linalg.svd(np.asarray(decoder, np.float64), compute_uv=False)
    shrunk = 1 - singular**2
    return np.sqrt(np.where(shrunk > 0, penalty / np.where(shrunk > 0, shrunk, 1.0), np.nan))


def predicted_descents(variances: np.ndarray, subset: Iterable[int]) -> int:
    """Returns how many descent directions the critical point of a subset of eigenvectors has.

    Baldi & Hornik 1989: at W2 = U_S, W1 = U_S^T each pair of an i in S and a j outside it with a
    greater variance gives one direction in which the loss falls, and there are no others; only the
    subset of the greatest has none.
    """
    chosen = set(subset)
    others = [j for j in range(len(variances)) if j not in chosen]
    return sum(variances[j] > variances[i] for i in chosen for j in others)


def descents(loss: Callable, point: AnyArray, tolerance: float = 1e-4) -> tuple[int, float]:
    """Returns the number of negative eigenvalues of a loss's Hessian, and the gradient's norm.

    Args:
      loss: a pure function of a vector [M] to a scalar.
      point: where, [M].
      tolerance: eigenvalues above minus this share of the greatest count as zero: critical points
        of autoencoders are never isolated.
    """
    at = jnp.asarray(point)
    both = compiler.compile(lambda p: (jax.hessian(loss)(p), jax.grad(loss)(p)), at).call
    hessian, gradient = jax.device_get(both(at))
    values = np.linalg.eigvalsh(np.asarray(hessian, np.float64))
    return int((values < -tolerance * np.abs(values).max()).sum()), float(np.linalg.norm(gradient))
