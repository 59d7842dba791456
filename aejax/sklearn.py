"""Autoencoders as scikit-learn transformers: in a Pipeline, in GridSearchCV, under `clone`."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from aejax import models
from aejax.api import applying, training
from aejax.errors import ConfigError


class AutoencoderTransformer(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Any model of `aejax.models` on tables [N, D], through scikit-learn's interface.

    Args:
      model: a name of MODELS that takes vectors, or images where `shape` is given.
      latent: size of the code.
      args: further arguments of the builder; None: Gaussian likelihood where the model has one. No
        `condition`: a transformer is told nothing beside its rows.
      shape: of one example, such as (28, 28, 1) for args={"net": "conv"}; None: vectors [D].
      hp: hyper-parameters that differ from the defaults.
      steps, batch_size, optimizer, schedule: as in `aejax.fit`; a batch is at most all rows.
      random_state: None, an int or a RandomState, as scikit-learn has it.

    Attributes:
      fitted_: the `aejax.Fitted`.
      n_features_in_: D.
    """

    def __init__(
        self,
        model: str = "undercomplete",
        latent: int = 2,
        args: dict[str, Any] | None = None,
        hp: dict[str, float] | None = None,
        steps: int = 1000,
        batch_size: int = 128,
        optimizer: str = "adam",
        schedule: str = "constant",
        random_state: Any = None,
        shape: tuple[int, ...] | None = None,
    ):
        self.model = model
        self.latent = latent
        self.args = args
        self.hp = hp
        self.steps = steps
        self.batch_size = batch_size
        self.optimizer = optimizer
        self.schedule = schedule
        self.random_state = random_state
        self.shape = shape

    def fit(self, X: Any, y: Any = None) -> AutoencoderTransformer:
        """Trains on X [N, D]; y is ignored.

        Raises:
          ConfigError: a ValueError: as `aejax.fit`, a shape of another size than D, or a condition.
        """
        del y
        X = np.asarray(validate_data(self, X, dtype=np.float32))
        shape = (X.shape[1],) if self.shape is None else tuple(self.shape)
        if prod(shape) != X.shape[1]:
            raise ConfigError(
                f"shape={self.shape!r} has {prod(shape)} numbers, a row of X {X.shape[1]}. "
                "Allowed: a shape of as many."
            )
        told = (self.args or {}).get("condition")
        if told:
            raise ConfigError(
                f"args: condition={told!r} does not go with a transformer, which "
                "is told nothing beside its rows. Allowed: aejax.fit(model, x, condition=...)."
            )
        known = models.arguments(self.model)
        args = {"likelihood": "gaussian"} if "likelihood" in known else {}
        built = models.build(
            self.model, shape, {**args, "latent": self.latent, **(self.args or {})}
        )
        seed = self.random_state
        if not isinstance(seed, int | np.integer):
            seed = check_random_state(seed).randint(2**31 - 1)
        self.fitted_ = training.fit(
            built,
            X,
            steps=self.steps,
            batch_size=min(self.batch_size, len(X)),
            seed=int(seed),
            hp=self.hp,
            optimizer=self.optimizer,
            schedule=self.schedule,
            progress=False,
        )
        self._n_features_out = self.fitted_.model.info.latent
        return self

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags

    def _rows(self, X: Any) -> np.ndarray:
        check_is_fitted(self)
        return np.asarray(validate_data(self, X, dtype=np.float32, reset=False))

    def transform(self, X: Any) -> np.ndarray:
        """Returns the codes [N, latent]."""
        return applying.encode(self.fitted_, self._rows(X))

    def inverse_transform(self, X: Any) -> np.ndarray:
        """Returns the decoded codes [N, D]."""
        check_is_fitted(self)
        rows = applying.decode(self.fitted_, X)
        return rows.reshape(len(rows), -1)

    def score_samples(self, X: Any) -> np.ndarray:
        """Returns minus the squared reconstruction error of each row [N]: higher is better."""
        rows = self._rows(X)
        return -np.square(applying.reconstruct(self.fitted_, rows) - rows).sum(1)

    def score(self, X: Any, y: Any = None) -> float:
        """Returns the mean of `score_samples`."""
        del y
        return float(self.score_samples(X).mean())
