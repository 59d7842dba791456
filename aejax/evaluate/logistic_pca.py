"""Principal components of a Bernoulli likelihood: what PCA is for a Gaussian one.

Collins et al. 2001; Schein et al. 2003 ("a generalized linear model for principal component
analysis of binary data"). The baseline "logistic PCA" of Hinton & Salakhutdinov 2006, figure 2.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from aejax.errors import ConfigError
from aejax.evaluate.reconstruction import as_float
from aejax.likelihoods.pixels import bernoulli
from aejax.train.compile import compile
from aejax.types import Array, PyTree


class LogisticPCA(NamedTuple):
    """x ~ Bernoulli(sigmoid(z W + b)): components W [K, D], bias b [D]."""

    components: np.ndarray
    bias: np.ndarray


def _nats(z: Array, components: Array, bias: Array, x: Array) -> Array:
    """-log p(x | z) in nats per example [N]."""
    return bernoulli().nll(z @ components + bias[None], x)


def _minimise(fn, start: PyTree, x: Array, iterations: int, tolerance: float) -> PyTree:
    """L-BFGS; ends early where a step lowers `fn` by less than `tolerance` of it."""
    method = optax.lbfgs(memory_size=10)

    def run(params: PyTree, x: Array) -> PyTree:
        value_and_grad = optax.value_and_grad_from_state(lambda p: fn(p, x))

        def step(carry):
            params, state, count, last, _ = carry
            value, grad = value_and_grad(params, state=state)
            updates, state = method.update(
                grad, state, params, value=value, grad=grad, value_fn=lambda p: fn(p, x)
            )
            return optax.apply_updates(params, updates), state, count + 1, value, last - value

        def goes_on(carry):
            _, _, count, value, fall = carry
            # The first two rounds have nothing to compare with.
            return (count < iterations) & ((count < 2) | (fall > tolerance * jnp.abs(value)))

        begun = (params, method.init(params), jnp.int32(0), jnp.float32(0), jnp.float32(0))
        return jax.lax.while_loop(goes_on, step, begun)[0]

    return jax.device_get(compile(run, start, x).call(start, x))


def fit_logistic_pca(
    x: np.ndarray, size: int, iterations: int = 200, penalty: float = 1e-3, tolerance: float = 1e-6
) -> LogisticPCA:
    """Fits components and codes together, from where PCA of the linearised likelihood stands.

    Equation: min_{Z, W, b} mean_n -log p(x_n | z_n W + b) + penalty / 2 (mean ||z_n||^2 + ||W||^2).
    Without a penalty there need be no minimum: an image that a code can get exactly right draws it
    to infinity.

    Args:
      x: rows [N, ...], uint8 or float in [0, 1].
      size: K.
      iterations: of L-BFGS, at most.
      penalty: of codes and components; small.
      tolerance: relative fall of the objective at which to end.

    Raises:
      ConfigError: K is not between 1 and the smaller side of the data.
    """
    rows = as_float(x)
    if not 1 <= size <= min(rows.shape):
        raise ConfigError(f"size={size!r} is out of range. Allowed: 1 to {min(rows.shape)}.")
    mean = rows.mean(0)
    bias = np.log(np.clip(mean, 1e-3, 1 - 1e-3) / (1 - np.clip(mean, 1e-3, 1 - 1e-3)))
    centred = rows - mean
    _, vectors = np.linalg.eigh(centred.T @ centred / len(rows))
    start = {
        # sigmoid's slope is 1/4 at its steepest; the scales of codes and components are equal.
        "z": jnp.asarray(2 * centred @ vectors[:, -size:], jnp.float32),
        "w": jnp.asarray(2 * vectors[:, -size:].T, jnp.float32),
        "b": jnp.asarray(bias, jnp.float32),
    }

    def objective(p: PyTree, x: Array) -> Array:
        norms = jnp.mean(jnp.sum(jnp.square(p["z"]), 1)) + jnp.sum(jnp.square(p["w"]))
        return jnp.mean(_nats(p["z"], p["w"], p["b"], x)) + 0.5 * penalty * norms

    found = _minimise(objective, start, jnp.asarray(rows), iterations, tolerance)
    return LogisticPCA(found["w"], found["b"])


def reconstruct_logistic_pca(
    fitted: LogisticPCA,
    x: np.ndarray,
    iterations: int = 100,
    penalty: float = 1e-3,
    tolerance: float = 1e-7,
) -> np.ndarray:
    """Returns the means [N, D] of the codes that explain new rows best; components stay fixed.

    Args:
      fitted: the components.
      x: rows [N, ...], as in `fit_logistic_pca`; the problem is convex in their codes.
      iterations, penalty, tolerance: as there.
    """
    rows = as_float(x)
    w, b = jnp.asarray(fitted.components), jnp.asarray(fitted.bias)

    def objective(p: PyTree, x: Array) -> Array:
        norms = jnp.mean(jnp.sum(jnp.square(p["z"]), 1))
        return jnp.mean(_nats(p["z"], w, b, x)) + 0.5 * penalty * norms

    start = {"z": jnp.zeros((len(rows), len(fitted.components)), jnp.float32)}
    found = _minimise(objective, start, jnp.asarray(rows), iterations, tolerance)
    return np.asarray(jax.nn.sigmoid(found["z"] @ w + b[None]))


def logistic_pca_error(
    train: np.ndarray, test: np.ndarray, size: int, iterations: int = 200
) -> float:
    """Returns the squared error per image, summed over pixels, of test rows; beside `mse_pca`."""
    fitted = fit_logistic_pca(train, size, iterations)
    again = reconstruct_logistic_pca(fitted, test)
    return float(np.square(as_float(test) - again).sum(1).mean())
