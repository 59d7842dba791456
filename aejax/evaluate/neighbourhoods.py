"""Whether a code keeps neighbours: what it brings near wrongly, and what it tears apart."""

from __future__ import annotations

import numpy as np

from aejax.errors import ConfigError


def trustworthiness(x: np.ndarray, codes: np.ndarray, neighbours: int = 5) -> float:
    """1 less the penalty for code neighbours that are no neighbours in x. Venna & Kaski 2001.

    Equation: 1 - 2 / (N k (2N - 3k - 1)) sum_i sum_{j in U_k(i)} (r(i, j) - k), where U_k(i) are
    the k nearest of i by code that are not among its k nearest by x, and r is the rank by x.

    Args:
      x: examples [N, ...], compared by Euclidean distance; memory N^2.
      codes: [N, L].
      neighbours: k, below N / 2.

    Returns:
      From 0 to 1; 1 where every neighbourhood of codes is one of examples.

    Raises:
      ConfigError: numbers of rows that do not agree, k out of range.
    """
    from sklearn import manifold

    if len(x) != len(codes):
        raise ConfigError(f"{len(x)} examples and {len(codes)} codes. Allowed: equally many.")
    if not 1 <= neighbours < len(x) / 2:
        raise ConfigError(
            f"neighbours={neighbours!r} is out of range. Allowed: 1 to below {len(x) / 2:g}."
        )

    def rows(a: np.ndarray) -> np.ndarray:
        flat = np.asarray(a, np.float64).reshape(len(a), -1)
        return flat - flat.mean(0)  # distances come of inner products, which an offset would drown

    return float(manifold.trustworthiness(rows(x), rows(codes), n_neighbors=neighbours))


def continuity(x: np.ndarray, codes: np.ndarray, neighbours: int = 5) -> float:
    """1 less the penalty for neighbours in x that are no neighbours in code. Venna & Kaski 2001.

    `trustworthiness` with x and the code exchanged, which is its definition.

    Args, returns and errors: as in `trustworthiness`.
    """
    return trustworthiness(codes, x, neighbours)
