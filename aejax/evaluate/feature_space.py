"""A feature space to compare samples in where none is given: a classifier trained on the data.

Not Inception, and no number measured in it is an FID. It is here because MNIST's digits mean little
to a network trained on photographs, and because nothing needs to be downloaded.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from aejax import data
from aejax.data.dataset import Dataset
from aejax.errors import ConfigError
from aejax.evaluate.code_scores import code_table
from aejax.models.bottleneck.undercomplete import undercomplete
from aejax.train.supervised import fine_tune
from aejax.types import Array


class FeatureSpace(NamedTuple):
    """`features(x [N, *shape]) -> [N, D]`, and what to call distances in it."""

    name: str
    features: Callable[[np.ndarray | Array], np.ndarray]
    error: float  # of the classifier, on the rows held out from its training


def classifier_space(
    dataset: Dataset | str = "mnist",
    size: int = 64,
    width: int = 256,
    steps: int = 2000,
    seed: int = 0,
    data_dir: str | None = None,
) -> FeatureSpace:
    """Trains a classifier of the data set's labels; the features are its last hidden layer.

    A dense network, pixels - `width` - `size` - labels, rectified; early stopping on a fifth of the
    training images. Name seed, steps and sizes beside a distance: they are a part of it.

    Args:
      dataset: with labels, or the name of one.
      size: D.
      width: of the layer below.
      steps: at most so many of 128 images each.
      seed: of the weights and the order of the data.
      data_dir: where a named data set is prepared.

    Raises:
      ConfigError: a data set without labels, or a name that is unknown or not prepared.
    """
    if isinstance(dataset, str):
        dataset = data.load(dataset, data_dir=data_dir)
    if dataset.train_labels is None:
        raise ConfigError(f"dataset {dataset.name!r} has no labels. Allowed: one with labels.")
    model = undercomplete(
        dataset.train.shape[1:], latent=size, widths=(width,), activation="relu",
        code_activation="relu",
    )  # fmt: skip
    variables = model.init(jax.random.key(seed), jnp.zeros((1, *dataset.train.shape[1:])))
    trained = fine_tune(
        model, variables, dataset.train, dataset.train_labels, steps=steps, seed=seed
    )
    return FeatureSpace(
        f"classifier of {dataset.name}, {width}-{size}, {steps} steps, seed {seed}",
        lambda x: code_table(model, trained.variables, x),
        float(trained.error),
    )
