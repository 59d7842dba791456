"""A model with everything in closed form: z ~ N(0, I), x | z ~ N(W'z + b, I), q(z|x) linear too."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from scipy import stats


def loading(seed: int, latent: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(latent, size)), rng.normal(size=size)


def log_p(x: np.ndarray, w: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Exact log p(x) of rows x [B, D]: N(b, W'W + I)."""
    return stats.multivariate_normal(b, w.T @ w + np.eye(len(b))).logpdf(x)


def variables(w: np.ndarray, b: np.ndarray, shrink: float, widen: float) -> dict:
    """Parameters of a linear VAE: this decoder, and an encoder that is off.

    The posterior is N(M (x - b), S), S = (WW' + I)^-1, M = SW. Off means: its mean times `shrink`,
    the variances of its independent dimensions times exp(`widen`).
    """
    covariance = np.linalg.inv(w @ w.T + np.eye(len(w)))
    gain = shrink * covariance @ w
    logvar = np.log(1 / np.diag(np.linalg.inv(covariance))) + widen
    kernel = np.concatenate([gain.T, np.zeros_like(gain.T)], axis=1)
    bias = np.concatenate([-gain @ b, logvar])
    dense = lambda k, c: {"dense_0": {"kernel": jnp.float32(k), "bias": jnp.float32(c)}}
    return {"params": {"encoder": dense(kernel, bias), "decoder": dense(w, b)}, "extra": {}}


def draw(seed: int, n: int, w: np.ndarray, b: np.ndarray) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, len(w))) @ w + b + rng.normal(size=(n, len(b)))


def ones(model) -> dict:
    """All hyper-parameters at their defaults, traced."""
    return {name: jnp.float32(value) for name, value in model.hparams.items()}
