"""How well scores tell anomalies from normal rows, and the threshold of a wanted alarm rate."""

from __future__ import annotations

import math

import numpy as np

from aejax.errors import ConfigError


def detection(scores: np.ndarray, anomalous: np.ndarray) -> dict[str, float]:
    """Returns `auroc` and `average_precision` of scores that are higher for anomalies.

    `auroc` is the probability that an anomaly scores above a normal row, ties counting half;
    `average_precision` the precision, averaged over the anomalies from the highest score down.

    Args:
      scores: [N], finite.
      anomalous: bool [N], with rows of both kinds.

    Raises:
      ConfigError: other shapes, values that are not finite, or one kind alone.
    """
    scores, anomalous = np.asarray(scores, np.float64), np.asarray(anomalous, bool)
    if scores.ndim != 1 or scores.shape != anomalous.shape:
        raise ConfigError(
            f"scores have shape {scores.shape}, anomalous {anomalous.shape}. Allowed: [N] each."
        )
    if not np.isfinite(scores).all():
        raise ConfigError(f"score {np.argmin(np.isfinite(scores))} is not finite.")
    if anomalous.all() or not anomalous.any():
        raise ConfigError(
            f"{int(anomalous.sum())} of {len(scores)} rows are anomalous. Allowed: rows of both "
            "kinds."
        )
    from sklearn.metrics import average_precision_score, roc_auc_score

    return {
        "auroc": float(roc_auc_score(anomalous, scores)),
        "average_precision": float(average_precision_score(anomalous, scores)),
    }


def threshold(normal_scores: np.ndarray, false_alarms: float) -> float:
    """Returns the score above which a share `false_alarms` of new normal rows is expected.

    The ceil((N + 1) (1 - rate))-th of N normal scores in order: of a new one of the same law it is
    known, whatever the law, that it lies above with probability at most the rate (the conformal
    quantile; Vovk, Gammerman & Shafer 2005). Infinite where N is too few for so low a rate.

    Args:
      normal_scores: [N] of normal rows that were not trained on.
      false_alarms: above 0 and below 1.

    Raises:
      ConfigError: no score, or a rate out of range.
    """
    scores = np.sort(np.asarray(normal_scores, np.float64).ravel())
    if not 0 < false_alarms < 1:
        raise ConfigError(
            f"false_alarms={false_alarms!r} is out of range. Allowed: above 0 and below 1."
        )
    if not len(scores):
        raise ConfigError("threshold has no normal score. Allowed: one or more.")
    rank = math.ceil((len(scores) + 1) * (1 - false_alarms) - 1e-9)
    return float(scores[rank - 1]) if rank <= len(scores) else math.inf
