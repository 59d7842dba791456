"""`Fitted`: a trained model with everything that applying, saving and continuing it need."""

from __future__ import annotations

import dataclasses

import numpy as np

from aejax.data.scaling import Scale
from aejax.train.recipe import Recipe
from aejax.types import Autoencoder, TrainState, Variables


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
        told = info.nets.condition
        if told:
            rows += (
                f", told one of {told.classes}" if told.classes else f", told {told.size} numbers"
            )
        return (
            f"Fitted {info.name} ({info.paper})\n"
            f"  examples {info.shape} of {rows}, codes of {info.latent}, {info.likelihood.name}\n"
            f"  seed {self.seed}, {self.recipe.optimizer}, batches of {self.recipe.batch_size}\n"
            f"  {self.step} steps{last}{chosen}\n"
            f"  {ended}"
        )
