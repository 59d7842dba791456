"""Dictionaries across sparsity: errors at one L0 from runs at others, shrinkage, and recovery.

Sparse codes trade error for the number of active units, so a comparison at one setting compares
nothing: what is compared is the error at the same L0 (Rajamanoharan et al. 2024; Gao et al. 2024).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np


def error_at(l0: float, active: Sequence[float], error: Sequence[float]) -> float:
    """Returns the error at `l0` active units, linear between runs in both logarithms.

    Args:
      l0: where, above 0.
      active: mean active units of the runs, in any order.
      error: their errors, above 0.

    Returns:
      The error; NaN outside the runs' range, which is no place to guess.
    """
    order = np.argsort(active)
    x, y = np.log(np.asarray(active)[order]), np.log(np.asarray(error)[order])
    if not x[0] <= math.log(l0) <= x[-1]:
        return math.nan
    return float(np.exp(np.interp(math.log(l0), x, y)))


def shrinkage(x: np.ndarray, out: np.ndarray) -> float:
    """Returns the scale gamma for which out / gamma is nearest to x [N, D], both about the mean.

    Rajamanoharan et al. 2024a (gated), section 3.2: below 1 where codes are pulled towards zero, 1
    for an unbiased reconstruction however poor.
    """
    x, out = np.asarray(x, np.float64), np.asarray(out, np.float64)
    centre = x.mean(0)
    return float(np.square(out - centre).sum() / ((out - centre) * (x - centre)).sum())


def recovery(found: np.ndarray, planted: np.ndarray) -> np.ndarray:
    """Returns of each planted direction [J, D] its largest cosine with a found one [L, D], [J]."""
    found, planted = np.asarray(found, np.float64), np.asarray(planted, np.float64)
    lengths = np.linalg.norm(found, axis=1, keepdims=True)
    unit = found / np.where(lengths > 0, lengths, 1.0)
    return (planted / np.linalg.norm(planted, axis=1, keepdims=True) @ unit.T).max(1)
