"""What a trained model's codes and samples are worth: disentanglement, and the samples' quality."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from aejax.api.applying import encode
from aejax.api.fitted import Fitted
from aejax.data.rows import rows_for
from aejax.errors import ConfigError
from aejax.evaluate.disentanglement import (
    dci,
    mutual_information_gap,
    separated_attribute_predictability,
)
from aejax.evaluate.feature_space import FeatureSpace
from aejax.evaluate.sample_quality import sample_quality

PIXELS = FeatureSpace("pixels", lambda x: np.asarray(x, np.float32).reshape(len(x), -1), np.nan)


def disentangle(
    fitted: Fitted, x: Any, factors: Any, seed: int = 0, *, condition: Any = None
) -> dict[str, np.ndarray]:
    """Scores how each known factor of the examples lies in units of its own.

    Args:
      fitted: from `fit`, `load` or a sweep.
      x: examples [N, *shape], in an order of no meaning.
      factors: [N, F] (or [N]) whole numbers, the values that made each example.
      seed: of the random forests.
      condition: as in `aejax.encode`.

    Returns:
      `mig` and `sap` [F] by factor, and `disentanglement`, `completeness`, `informativeness` (DCI,
      by random forests). Predictors are fitted on every other row and judged on those between.

    Raises:
      ConfigError: other rows than factors, continuous factors or such as have one value.
    """
    codes, known = encode(fitted, x, condition=condition), np.asarray(factors)
    known = known.reshape(len(known), -1)
    if len(known) != len(codes):
        raise ConfigError(f"factors has {len(known)} rows, x {len(codes)}. Allowed: as many.")
    halves = codes[::2], known[::2], codes[1::2], known[1::2]
    found = dci(*halves, predictor="forest", seed=seed)
    return {
        "mig": mutual_information_gap(codes, known),
        "sap": separated_attribute_predictability(*halves),
        "disentanglement": np.asarray(found.disentanglement),
        "completeness": np.asarray(found.completeness),
        "informativeness": np.asarray(found.informativeness),
    }


def quality(
    fitted: Fitted, x: Any, seed: int = 0, *, condition: Any = None
) -> dict[str, np.ndarray]:
    """Compares as many samples as there are rows of x with x itself, pixel by pixel.

    Args:
      fitted: a model with a prior.
      x: held-out examples [N, *shape].
      seed: of the samples.
      condition: of each row of x, and of its sample, where the model was built with one.

    Returns:
      `frechet` (and that of the data's halves to each other), `precision` and `recall` with
      standard errors. In the space of pixels: no FID, and comparable for the same data alone.

    Raises:
      ConfigError: a model without a prior, or too few rows.
    """
    rows = rows_for(fitted.model, x, condition=condition)
    fitted.scale.check(rows)
    key = jax.random.key(seed)
    found = sample_quality(fitted.model, fitted.variables, key, rows, PIXELS)
    return {n: np.asarray(v) for n, v in found._asdict().items() if not isinstance(v, str)}
