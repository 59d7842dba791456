"""How well a model reconstructs, and what it is held against: the mean image and PCA."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from aejax.conditions import values_of
from aejax.data.batches import total_over
from aejax.data.sparse import SparseRows
from aejax.types import Array, Autoencoder, Variables


def reconstruct(model: Autoencoder, variables: Variables, x: Array) -> Array:
    """Returns the likelihood's mean of the deterministic reconstruction of x [B, *shape]."""
    return model.info.likelihood.mean(model.decode(variables, model.encode(variables, x).z))


def squared_error(model: Autoencoder, variables: Variables, x: Array) -> Array:
    """Returns the squared error per image [B], summed over pixels: the unit of the 2006 paper.

    Hinton & Salakhutdinov 2006, figure 2: the input is clean and the code deterministic. Features
    that the likelihood is not of, the past of a predictor or a missing value, do not count.
    """
    error = jnp.square(reconstruct(model, variables, x) - values_of(x))
    if model.info.likelihood.gaps:
        error = jnp.where(jnp.isnan(error), 0.0, error)
    scored = model.info.likelihood.scored_mask
    if scored is not None:
        error = jnp.where(scored[None], error, 0.0)
    return error.reshape(x.shape[0], -1).sum(-1)


def explained_variance(
    model: Autoencoder, variables: Variables, table: Array, batch_size: int = 500
) -> dict[str, Array]:
    """1 - sum ||x - x^||^2 / sum ||x - mean x||^2 over all rows of a table.

    One sum over rows and features above and one below, about the mean of the whole table: no mean
    of quotients and nothing of a batch, the two ways in which libraries have had it wrong. 1 for a
    perfect reconstruction, 0 for the mean example, negative for worse.

    Args:
      model: any; features that its likelihood is not of do not count, above or below.
      variables: of one member; vmap over members.
      table: [N, *shape], uint8 or float.
      batch_size: rows at a time.

    Returns:
      {"explained_variance", "normalised_mse": its complement, Gao et al. 2024's}.
    """
    key = jax.random.key(0)
    total = total_over(lambda x, key: values_of(x).sum(0), table, key, batch_size)
    centre = total / table.shape[0]

    def sums(x: Array, key: Array) -> dict[str, Array]:
        spread = jnp.square(values_of(x) - centre[None])
        scored = model.info.likelihood.scored_mask
        if scored is not None:
            spread = jnp.where(scored[None], spread, 0.0)
        return {"error": squared_error(model, variables, x).sum(), "spread": spread.sum()}

    found = total_over(sums, table, key, batch_size)
    unexplained = found["error"] / found["spread"]
    return {"explained_variance": 1.0 - unexplained, "normalised_mse": unexplained}


def psnr(error: Array, features: int, peak: float = 1.0) -> Array:
    """Peak signal-to-noise ratio in dB, [B], of squared errors per image [B].

    Args:
      error: summed over the image's `features` numbers, as `squared_error`.
      features: D.
      peak: the range of a pixel. An error of 0 has infinity.
    """
    return 10.0 * jnp.log10(peak**2 * features / error)


def bits_per_dim(nats: Array, features: int, levels: int = 1) -> Array:
    """-log p(x) in bits a feature, of nats per example [B].

    Args:
      nats: of the likelihood of x.
      features: D.
      levels: what x was divided by before a density was put on it (256 for bytes scaled to [0, 1],
        where the density is to stand for the probability of a byte); 1 for a probability.
    """
    return nats / (features * math.log(2.0)) + math.log2(levels)


def token_accuracy(model: Autoencoder, variables: Variables, x: Array) -> Array:
    """Returns the fraction of a sequence's tokens, its end included, that come back [B].

    The decoder runs free: it reads the code and its own words. An empty sequence has no token to
    get wrong, and counts as 1.
    """
    there = x > 0
    right = jnp.sum((reconstruct(model, variables, x) == x) & there, axis=1)
    count = jnp.sum(there, axis=1)
    return jnp.where(count > 0, right / jnp.maximum(count, 1), 1.0)


def as_dense(x: Any) -> np.ndarray:
    """Returns rows [B, ...] as an array: `SparseRows` dense, others as they are."""
    return np.asarray(x.dense()) if isinstance(x, SparseRows) else x


def as_float(x: np.ndarray) -> np.ndarray:
    """Returns rows [N, D] as the models see them: uint8 scaled to [0, 1]."""
    flat = x.reshape(len(x), -1)
    return flat.astype(np.float32) / 255.0 if x.dtype == np.uint8 else flat.astype(np.float32)


def baselines(train: Any, test: Any, latent: int) -> dict[str, float]:
    """Returns what a model of this code size has to beat on the test set.

    Args:
      train: [N, *shape].
      test: [M, *shape].
      latent: size of the code.

    Returns:
      {"mse_mean_image": squared error of the training mean, "mse_pca": of the projection on the
      training set's first `latent` principal components}, per image, summed over pixels. Of
      `SparseRows` the second is NaN: their components are as many numbers as dense rows are.
    """
    if isinstance(train, SparseRows):
        return _sparse_baselines(train, test)
    x, y = train.reshape(len(train), -1), test.reshape(len(test), -1)
    mean = np.asarray(sum(part.sum(0) for part in _chunks(x))) / len(x)
    directions = _directions(x, mean, min(latent, *x.shape))
    error, left = 0.0, 0.0
    for part in _chunks(y):
        centred = part - mean
        error += np.square(centred).sum()
        left += np.square(centred - (centred @ directions) @ directions.T).sum()
    return {"mse_mean_image": float(error / len(y)), "mse_pca": float(left / len(y))}


def _sparse_baselines(train: SparseRows, test: SparseRows) -> dict[str, float]:
    mean, error = np.asarray(train.mean(), np.float64), 0.0
    rows = max(1, CHUNK // train.shape[1])
    for start in range(0, len(test), rows):
        error += np.square(as_dense(test[start : start + rows]).astype(np.float64) - mean).sum()
    return {"mse_mean_image": float(error / len(test)), "mse_pca": math.nan}


CHUNK = 1 << 22  # numbers in float64 at a time


def _chunks(x: np.ndarray) -> Iterator[np.ndarray]:
    """Yields rows [N, D] in float64, bytes scaled to [0, 1]."""
    rows = max(1, CHUNK // x.shape[1])
    scale = 255.0 if x.dtype == np.uint8 else 1.0
    for start in range(0, len(x), rows):
        yield x[start : start + rows].astype(np.float64) / scale


def _directions(x: np.ndarray, mean: np.ndarray, rank: int) -> np.ndarray:
    """Returns the first principal directions in columns, [D, rank].

    Of centred rows, in double precision: an offset of the data takes no digits from its spread.
    """
    if x.shape[0] > x.shape[1]:
        squares = sum((part - mean).T @ (part - mean) for part in _chunks(x))
        return np.linalg.eigh(np.asarray(squares))[1][:, ::-1][:, :rank]
    centred = np.concatenate([part - mean for part in _chunks(x)])
    return np.linalg.svd(centred, full_matrices=False)[2][:rank].T
