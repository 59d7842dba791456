"""Scores of each row: reconstruction error, loss terms, bound, log p."""

from __future__ import annotations

import functools
from math import prod
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from aejax.api.applying import rows_of
from aejax.api.batched import batch_rows, over_rows
from aejax.api.fitted import Fitted
from aejax.conditions import beside, values_of
from aejax.data.scaling import to_float
from aejax.data.sparse import SparseRows
from aejax.errors import check_integer
from aejax.evaluate.importance import densities, log_likelihood
from aejax.evaluate.metrics import per_example
from aejax.train.compile import in_float32
from aejax.types import Array, Autoencoder, PyTree


def _values(model: Autoencoder, held: PyTree, x: Array, key: Array) -> PyTree:
    variables, hp = held
    found = per_example(model, variables, hp, key, to_float(x), x.shape[0])
    return {name: v for name, v in found.items() if name != "loss"}


def _of_one_row(model: Autoencoder, held: PyTree, rows: Any, size: int) -> set[str]:
    """Returns the names of those values of a row that do not depend on the rows beside it.

    Discrepancies and mean activations couple the rows of a batch. They are found by trying: the
    same row in two batches of different company.
    """
    first = rows[np.zeros(size, int)]
    if isinstance(values_of(first), SparseRows):
        first = jax.tree.map(np.asarray, to_float(first))
    other = values_of(first).copy()
    other[1:] = np.roll(other[1:].reshape(size - 1, -1), 1, axis=1).reshape(other[1:].shape) // 2
    other = beside(other, first)
    one, two = (over_rows(_values, model, held, batch) for batch in (first, other))
    return {n for n in one if np.allclose(one[n][0], two[n][0], rtol=1e-4, equal_nan=True)}


@functools.lru_cache(maxsize=16)
def _log_p(samples: int):
    def values(model: Autoencoder, held: PyTree, x: Array, key: Array) -> PyTree:
        variables, hp = held  # a taught decoder reads its word dropout
        found = log_likelihood(model, variables, to_float(x), key, samples, hp=hp)
        return {
            "log_p_nats": found.log_p,
            "log_p_standard_error": found.standard_error,
            "effective_samples": found.ess,
        }

    return values


@in_float32
def score(
    fitted: Fitted, x: Any, *, condition: Any = None, log_p_samples: int = 0, seed: int = 0
) -> dict[str, np.ndarray]:
    """Returns each row's scores, [N] each, by names with their units.

    `mse_per_image`: the squared error of the deterministic reconstruction, summed over features of
    an example as the model sees it (bytes as [0, 1]); the loss terms that are of one example, such
    as `rec_nats` and `kl_nats`; `elbo_nats` where the model has a bound. Terms with noise draw
    from `seed`.

    Args:
      fitted: the trained model.
      x: rows as in `encode`.
      condition: as in `encode`; scores are then of log p(x | condition).
      log_p_samples: with so many importance samples also `log_p_nats` (Burda et al. 2015,
        L_k), its standard error and the effective number of samples; 0: not.
      seed: of the noise.

    Raises:
      ConfigError: as in `encode`; log p of a model without densities of its code.
    """
    samples, seed = check_integer("log_p_samples", log_p_samples, 0), check_integer("seed", seed, 0)
    model, rows = fitted.model, rows_of(fitted, x, slack=0.0, condition=condition)
    if samples:
        densities(f"score(log_p_samples={samples}) of model {model.info.name!r}", model.info.space)
    hp = {name: jnp.float32(value) for name, value in fitted.hp.items()}
    held, size = (fitted.variables, hp), batch_rows(max(2, len(rows)), prod(rows.shape[1:]))
    own = _of_one_row(model, held, rows, size)
    padded = rows if len(rows) > 1 else rows[np.zeros(2, int)]
    found = over_rows(_values, model, held, padded, seed)
    found = {name: values[: len(rows)] for name, values in found.items() if name in own}
    if samples:
        found |= over_rows(_log_p(samples), model, held, rows, seed)
    return jax.tree.map(np.asarray, found)
