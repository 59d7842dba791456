"""How a model is trained: what is static about it, and the values that may be swept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from aejax.errors import ConfigError, check_number, lookup, nearest
from aejax.hparams import check_range
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

    def hparams(self) -> dict[str, float]:
        """Returns names and defaults of the traced values that the optimiser reads."""
        lookup("precision", self.precision, PRECISIONS)
        return optimizers.hparams(self.optimizer, self.schedule, self.clip)


def hparams_of(model: Autoencoder, recipe: Recipe) -> dict[str, float]:
    """Returns names and defaults of everything that can be swept without recompiling."""
    own: dict[str, float] = {}
    for stage in stages_of(model):
        name = stage.optimizer or recipe.optimizer
        read = optimizers.hparams(name, recipe.schedule, recipe.clip)
        if "lr" in read:
            read[stage.lr] = read.pop("lr")
        # Where two stages read the same name, the default of the run's own optimiser wins.
        own = read | own if stage.optimizer else own | read
    groups = {f"lr_{group}": own["lr"] for group in model.groups if "lr" in own}
    return own | groups | model.hparams


def resolve_hparams(
    model: Autoencoder,
    recipe: Recipe,
    given: Mapping[str, float],
    facts: Mapping[str, float] | None = None,
) -> dict[str, float]:
    """Returns every traced hyper-parameter's value: the defaults, replaced by those given.

    Args:
      model: the autoencoder.
      recipe: how it is trained.
      given: what the user has set.
      facts: what is known of the data, for models that ask for it by name: `num_data`, the number
        of training rows. It replaces a default, and yields to what is given.

    Raises:
      ConfigError: a name that the model does not read, or a value outside its range.
    """
    allowed = hparams_of(model, recipe)
    symbols = {symbol: name for name, symbol in model.info.symbols.items()}
    for name, value in given.items():
        if name not in allowed:
            meant = (
                f" Did you mean {symbols[name]!r}?" if name in symbols else nearest(name, allowed)
            )
            raise ConfigError(
                f"hp.{name}={value!r}: model {model.info.name!r} reads no such hyper-parameter."
                f"{meant} Allowed: {', '.join(sorted(allowed))}."
            )
    known = {name: value for name, value in (facts or {}).items() if name in allowed}
    values = {**allowed, **known, **given}
    for name, value in values.items():
        check_range(name, check_number(f"hp.{name}", value), model.info.ranges)
    return {name: check_number(f"hp.{name}", value) for name, value in values.items()}
