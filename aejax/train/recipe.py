"""How a model is trained: what is static about it, and the values that may be swept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from aejax.errors import ConfigError, lookup
from aejax.hparams import HParam, by_name, defaults, unknown
from aejax.train import optimizers
from aejax.train.traces.precision import PRECISIONS
from aejax.types import Autoencoder, stages_of


class Recipe(NamedTuple):
    """What is static about training: one value, one compiled program."""

    steps: int
    batch_size: int
    optimizer: str = "adam"
    schedule: str = "constant"
    clip: bool = False
    precision: str = "float32"  # of the operands of products, a name of PRECISIONS

    def hparams(self) -> dict[str, HParam]:
        """Returns, by name, the traced values that the optimiser reads."""
        lookup("precision", self.precision, PRECISIONS)
        return optimizers.hparams(self.optimizer, self.schedule, self.clip)


def records_of(model: Autoencoder, recipe: Recipe) -> dict[str, HParam]:
    """Returns, by name, everything that can be swept without recompiling."""
    own: dict[str, HParam] = {}
    for stage in stages_of(model):
        name = stage.optimizer or recipe.optimizer
        read = optimizers.hparams(name, recipe.schedule, recipe.clip)
        if "lr" in read:
            read[stage.lr] = read.pop("lr").replace(name=stage.lr)
        # Where two stages read the same name, the default of the run's own optimiser wins.
        own = read | own if stage.optimizer else own | read
    groups = [
        own["lr"].replace(name=f"lr_{group}", meaning=f"learning rate of the {group}")
        for group in model.groups
        if "lr" in own
    ]
    return own | by_name(groups) | by_name(model.declared)


def hparams_of(model: Autoencoder, recipe: Recipe) -> dict[str, float]:
    """Returns names and defaults of everything that can be swept without recompiling."""
    return defaults(records_of(model, recipe))


def values_of(given: Any) -> list[Any]:
    """Returns the values of a hyper-parameter in a population, given many or one for all."""
    one = isinstance(given, str) or np.ndim(given) == 0
    return [given] if one else list(given)


def resolve_hparams(
    model: Autoencoder,
    recipe: Recipe,
    given: Mapping[str, Any],
    facts: Mapping[str, float] | None = None,
) -> dict[str, float]:
    """Returns every traced hyper-parameter's value: the defaults, replaced by those given.

    Args:
      model: the autoencoder.
      recipe: how it is trained.
      given: what the user has set, by name: numbers of Python, NumPy or JAX.
      facts: what is known of the data, for models that ask for it by name: `num_data`, the number
        of training rows. It replaces a default, and yields to what is given.

    Raises:
      ConfigError: a name that the model does not read, or a value outside its range.
    """
    records = records_of(model, recipe)
    if not isinstance(given, Mapping):
        raise ConfigError(f"hp={given!r} is no dict. Allowed: {{name: number}}.")
    for name, value in given.items():
        if name not in records:
            what = f": model {model.info.name!r} reads no such hyper-parameter"
            raise unknown(name, value, records, what)
    known = {name: value for name, value in (facts or {}).items() if name in records}
    values = {**defaults(records), **known, **given}
    return {name: records[name].check(value) for name, value in values.items()}
