"""What the pictures of a trained model are made from, computed when first asked for."""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
import numpy as np

from aejax import evaluate, keys
from aejax.api.applying import encode
from aejax.data.dataset import Dataset
from aejax.data.scaling import to_float
from aejax.evaluate.principal import Principal, principal
from aejax.gallery.panels import ACROSS
from aejax.gallery.training import Trained


class Seen:
    """A trained model beside ten test examples, one of each class where there are ten.

    Attributes:
      fitted: the model.
      dataset: its rows.
      model: the record.
      variables: its variables.
      hp: its hyper-parameters as scalars.
      key: of what is drawn for the picture.
      rows: [10, *shape], as they are in the data set.
      x: the same as floats.
    """

    def __init__(self, trained: Trained):
        """Picks the examples."""
        self.fitted, self.dataset = trained.fitted, trained.dataset
        self.model, self.variables = self.fitted.model, self.fitted.variables
        self.hp = {name: jnp.float32(value) for name, value in self.fitted.hp.items()}
        self.key = keys.stream(jax.random.key(0), "gallery")
        self.rows = self.dataset.test[first_of_each(self.dataset)]
        self.x = to_float(jnp.asarray(self.rows))

    @functools.cached_property
    def shown(self) -> dict[str, np.ndarray]:
        """The arrays of `evaluate.show`, with twenty samples."""
        drawn = evaluate.show(self.model, self.variables, self.hp, self.key, self.x, 2 * ACROSS)
        return {name: np.asarray(values) for name, values in drawn.items()}

    @functools.cached_property
    def codes(self) -> np.ndarray:
        """The deterministic codes of the test rows [N, L]."""
        return encode(self.fitted, self.dataset.test)

    @functools.cached_property
    def principal(self) -> Principal:
        """The principal components of the training rows."""
        return components(self.dataset)

    def images(self, flat: np.ndarray) -> np.ndarray:
        """Returns [n, D] or [n, H, W, 1] as pictures [n, H, W]."""
        height, width = self.model.info.shape[:2]
        return np.asarray(flat, np.float32).reshape(-1, height, width)


_KNOWN: dict[int, Principal] = {}


def components(dataset: Dataset) -> Principal:
    """Returns the principal components of a set's training rows, computed once a set."""
    if id(dataset) not in _KNOWN:
        flat = np.asarray(to_float(jnp.asarray(dataset.train))).reshape(len(dataset.train), -1)
        _KNOWN[id(dataset)] = principal(flat)
    return _KNOWN[id(dataset)]


def first_of_each(dataset: Dataset) -> np.ndarray:
    """Returns the places of ten test rows: the first of each class, or the first ten."""
    labels = dataset.test_labels
    if labels is None or len(np.unique(labels)) != ACROSS:
        return np.arange(ACROSS)
    return np.unique(labels, return_index=True)[1]
