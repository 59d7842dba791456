"""`impute`: the gaps of the user's rows filled by a model that was trained on rows with gaps."""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import numpy as np

from aejax.api.applying import _like, rows_of
from aejax.api.batched import over_rows
from aejax.api.fitted import Fitted
from aejax.data.scaling import to_float
from aejax.errors import check_integer
from aejax.evaluate import imputation
from aejax.train.compile import in_float32
from aejax.types import Array, Autoencoder, PyTree


class Filled(NamedTuple):
    """Rows whose gaps are filled, in the layout and on the scale of what was given.

    `mean` [N, ...] has E[x | observed] in the gaps, the single imputation; `draws` [M, N, ...] are
    M draws of p(x | observed), multiple imputations; `ess` [N] is the effective number of samples
    behind a row: of a few, its fillings are the encoder's guess rather than the model's.
    """

    mean: np.ndarray
    draws: np.ndarray
    ess: np.ndarray


@functools.lru_cache(maxsize=16)
def _filled(samples: int, draws: int):
    def values(model: Autoencoder, variables: PyTree, x: Array, key: Array) -> PyTree:
        return imputation.impute(model, variables, to_float(x), key, samples, draws)

    return values


@in_float32
def impute(
    fitted: Fitted,
    x: Any,
    *,
    samples: int = 1000,
    draws: int = 0,
    condition: Any = None,
    seed: int = 0,
) -> Filled:
    """Returns rows with their gaps filled. Mattei & Frellsen 2019.

    Args:
      fitted: a trained `miwae`.
      x: rows as in `encode`, with NaN in the gaps; or a masked array, or a data frame.
      samples: importance samples a row.
      draws: multiple imputations; their quantiles are intervals.
      condition: as in `encode`.
      seed: of samples and draws.

    Raises:
      ConfigError: another model; samples below 1; draws below 0; as in `encode`.
    """
    imputation.check_gaps(fitted.model, "impute")
    samples, draws = check_integer("samples", samples, 1), check_integer("draws", draws, 0)
    rows = rows_of(fitted, x, condition=condition)
    found = over_rows(
        _filled(samples, draws), fitted.model, fitted.variables, rows,
        check_integer("seed", seed, 0),
    )  # fmt: skip
    made = [_like(x, rows, found.draws[:, m]) for m in range(draws)]
    shape = np.shape(x)
    return Filled(
        mean=_like(x, rows, found.mean),
        draws=np.stack(made) if made else np.zeros((0, *shape), np.float32),
        ess=found.ess,
    )
