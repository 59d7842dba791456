"""`Fitted`: a trained model with everything that applying, saving and continuing it need."""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

import numpy as np

from aejax.errors import ConfigError
from aejax.train.recipe import Recipe
from aejax.types import Autoencoder, TrainState, Variables


class Scale(NamedTuple):
    """The scale of the rows that a model was trained on.

    `bytes`: they were uint8 (or bool), which is scaled to [0, 1]; `low` and `high` are the least
    and the largest of the values that the model saw.
    """

    bytes: bool
    low: float
    high: float

    @classmethod
    def of(cls, rows: np.ndarray) -> Scale:
        """Returns the scale of training rows."""
        if rows.dtype == np.uint8:
            return cls(True, float(rows.min()) / 255, float(rows.max()) / 255)
        return cls(False, float(rows.min()), float(rows.max()))

    def check(self, rows: np.ndarray, field: str = "x") -> None:
        """Raises ConfigError where rows are on another scale than the training rows."""
        if rows.dtype == np.uint8 and not self.bytes and (self.low < 0 or self.high > 1):
            raise ConfigError(
                f"{field} is uint8, which is scaled to [0, 1], but the model was trained on floats "
                f"from {self.low:.4g} to {self.high:.4g}. Allowed: floats on that scale."
            )
        if rows.dtype != np.uint8 and self.bytes and rows.max() > 2:
            raise ConfigError(
                f"{field} holds floats up to {rows.max():.4g}, but the model was trained on uint8, "
                "scaled to [0, 1]. Allowed: uint8, or floats from 0 to 1 (divide by 255)."
            )


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Fitted:
    """A trained model: what `aejax.fit` returns and `aejax.encode` and the others take.

    Attributes:
      model: the autoencoder.
      variables: its variables; with early stopping those of the best validation point.
      recipe: how it was trained; `recipe.steps` are all steps so far.
      seed: of the weights, the order of the data and all noise.
      hp: every hyper-parameter's value.
      history: "step" [T] and the batch means of the loss and of each term [T].
      valid: "step" [V] and each metric of the validation rows [V]; empty without such rows.
      diverged: None, or the step and the term that stopped training.
      best_step: with early stopping, the steps done at the best point; else None.
      scale: of the training rows.
      state: the state after the last step, from which training goes on; None where it was dropped.
    """

    model: Autoencoder
    variables: Variables
    recipe: Recipe
    seed: int
    hp: dict[str, float]
    history: dict[str, np.ndarray]
    valid: dict[str, np.ndarray]
    diverged: tuple[int, str] | None
    best_step: int | None
    scale: Scale
    state: TrainState | None = None

    @property
    def step(self) -> int:
        """The steps that training was asked for, all calls together."""
        return self.recipe.steps

    def replace(self, **changes) -> Fitted:
        """Returns a copy with other fields."""
        return dataclasses.replace(self, **changes)

    def __repr__(self) -> str:
        info = self.model.info
        loss = self.history.get("loss", np.zeros(0))
        ended = "diverged at step {} in {!r}".format(*self.diverged) if self.diverged else "ok"
        last = f", loss {loss[-1]:.4g}" if len(loss) else ""
        chosen = f", best at step {self.best_step}" if self.best_step is not None else ""
        rows = "bytes scaled to [0, 1]" if self.scale.bytes else "floats"
        return (
            f"Fitted {info.name} ({info.paper})\n"
            f"  examples {info.shape} of {rows}, codes of {info.latent}, {info.likelihood.name}\n"
            f"  seed {self.seed}, {self.recipe.optimizer}, batches of {self.recipe.batch_size}\n"
            f"  {self.step} steps{last}{chosen}\n"
            f"  {ended}"
        )
