"""Two sets of features compared: Frechet distance, and precision and recall by neighbours.

The numbers belong to the feature space. Only Inception's pool features give what papers call FID;
what is measured here, in whatever space the caller names, is not comparable with it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from aejax.conditions import Conditioned, values_of
from aejax.errors import ConfigError, check_at_least
from aejax.evaluate.feature_space import FeatureSpace, classifier_space
from aejax.evaluate.reconstruction import as_float
from aejax.types import Array, Autoencoder, Variables


def _rows(features: np.ndarray, name: str) -> np.ndarray:
    rows = np.asarray(features, np.float64)
    if rows.ndim != 2 or len(rows) < 2 or not np.isfinite(rows).all():
        raise ConfigError(f"{name} has shape {rows.shape}. Allowed: finite [N, D], N of 2 or more.")
    return rows


def gaussian_frechet(
    mean: np.ndarray, covariance: np.ndarray, other_mean: np.ndarray, other_covariance: np.ndarray
) -> float:
    """||m - m'||^2 + tr(C + C' - 2 (C C')^(1/2)), squared units. Dowson & Landau 1982.

    By tr (C C')^(1/2) = tr (C^(1/2) C' C^(1/2))^(1/2), whose matrix is symmetric and has no
    negative eigenvalues: nothing complex to throw away.
    """
    values, vectors = np.linalg.eigh(covariance)
    root = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
    inner = np.linalg.eigvalsh(root @ other_covariance @ root)
    cross = np.sqrt(np.maximum(inner, 0.0)).sum()
    gap = np.square(np.asarray(mean) - np.asarray(other_mean)).sum()
    return float(gap + np.trace(covariance) + np.trace(other_covariance) - 2 * cross)


def frechet_distance(features: np.ndarray, other: np.ndarray) -> float:
    """Frechet distance of the Gaussians with the sets' means and covariances. Heusel et al. 2017.

    Args:
      features: [N, D], of one set.
      other: [M, D].

    Returns:
      In squared units of the features. Too large for finite sets, by an amount that falls with N
      and grows with D: compare at equal N, beside the distance of two halves of the data.

    Raises:
      ConfigError: arrays of other shapes or sizes, or not finite.
    """
    a, b = _rows(features, "features"), _rows(other, "other")
    if a.shape[1] != b.shape[1]:
        raise ConfigError(f"features {a.shape} and other {b.shape}. Allowed: one number D.")
    covariance = lambda x: np.cov(x, rowvar=False).reshape(x.shape[1], x.shape[1])
    return gaussian_frechet(a.mean(0), covariance(a), b.mean(0), covariance(b))


class PrecisionRecall(NamedTuple):
    """Fractions with binomial standard errors."""

    precision: float  # of the generated that lie where the real do
    recall: float  # of the real that lie where the generated do
    precision_error: float
    recall_error: float


def _covered(points: np.ndarray, centres: np.ndarray, neighbours: int, chunk: int) -> np.ndarray:
    """Which points lie within a centre's distance to its k-th nearest other centre: bool [P]."""
    from scipy.spatial.distance import cdist
    from sklearn.neighbors import NearestNeighbors

    near = NearestNeighbors(n_neighbors=neighbours + 1).fit(centres)
    radius = near.kneighbors(centres)[0][:, -1]  # the first is the centre itself
    return np.concatenate(
        [
            (cdist(points[i : i + chunk], centres) <= radius[None]).any(1)
            for i in range(0, len(points), chunk)
        ]
    )


def precision_recall(
    real: np.ndarray, generated: np.ndarray, neighbours: int = 3, chunk: int = 512
) -> PrecisionRecall:
    """Improved precision and recall. Kynkaanniemi et al. 2019, section 2.

    A set's region is the union of balls around its points, each reaching to the point's k-th
    nearest neighbour in the set.

    Args:
      real: features [N, D].
      generated: features [M, D], N = M for comparable numbers.
      neighbours: k.
      chunk: points at a time.

    Raises:
      ConfigError: shapes that do not agree, or k not below the smaller number of rows.
    """
    a, b = _rows(real, "real"), _rows(generated, "generated")
    check_at_least("neighbours", neighbours, 1)
    if a.shape[1] != b.shape[1] or neighbours >= min(len(a), len(b)):
        raise ConfigError(
            f"real {a.shape} and generated {b.shape} with neighbours={neighbours!r}. "
            "Allowed: one number D, and more rows than neighbours."
        )
    inside, found = _covered(b, a, neighbours, chunk), _covered(a, b, neighbours, chunk)
    error = lambda hits: float(np.sqrt(hits.mean() * (1 - hits.mean()) / len(hits)))
    return PrecisionRecall(float(inside.mean()), float(found.mean()), error(inside), error(found))


class SampleQuality(NamedTuple):
    """What a model's samples score in a feature space, beside what the data's own halves do."""

    space: str  # the feature space's name: a number without it means nothing
    frechet: float
    frechet_of_halves: float  # of the data to itself, at half the size: what a finite set costs
    precision: float
    recall: float
    precision_error: float
    recall_error: float


def sample_quality(
    model: Autoencoder,
    variables: Variables,
    key: Array,
    real: Any,
    space: FeatureSpace | None = None,
    neighbours: int = 3,
) -> SampleQuality:
    """Compares as many samples of a model with rows of its data, in one feature space.

    Args:
      model: with `sample`; its samples are the decoder's means.
      variables: of one member.
      key: of the samples.
      real: [N, *shape], uint8 or float; held-out rows. Of a model with a condition they are
        `Conditioned`, and the samples are of their conditions.
      space: None: `classifier_space()`, a classifier of MNIST's digits.
      neighbours: of precision and recall.

    Raises:
      ConfigError: a model that samples nothing; as in `precision_recall`.
    """
    if model.sample is None:
        raise ConfigError(
            f"model {model.info.name!r} has no prior to sample from. Allowed: models such as 'vae'."
        )
    space = space or classifier_space()
    table = as_float(values_of(real)).reshape(len(real), *model.info.shape)
    told = {"condition": real.condition} if isinstance(real, Conditioned) else {}
    drawn = np.asarray(model.sample(variables, key, len(table), **told), np.float32)
    a, b = space.features(table), space.features(drawn.reshape(table.shape))
    found = precision_recall(a, b, neighbours)
    return SampleQuality(
        space.name, frechet_distance(a, b), frechet_distance(a[::2], a[1::2]), *found
    )
