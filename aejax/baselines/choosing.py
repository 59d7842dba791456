"""One rule for everyone: of a grid of settings, the best on validation rows."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

from aejax.errors import ConfigError

Setting = dict[str, Any]


def settings(grid: Mapping[str, Sequence[Any]]) -> list[Setting]:
    """Returns all settings of a grid, in its order; one, without any name, of an empty grid."""
    return [dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())]


def named(setting: Mapping[str, Any]) -> str:
    """Returns a setting as a text: "latent=8, noise=0.3"; "as it is" for an empty one."""
    return ", ".join(f"{name}={value}" for name, value in setting.items()) or "as it is"


def best(values: Mapping[str, Sequence[float]]) -> str:
    """Returns the name with the highest mean; of equals the first. NaN loses against everything.

    Args:
      values: name of a setting -> its values on validation rows, one a class or a level.

    Raises:
      ConfigError: no setting, one without a value, or all of them NaN.
    """
    if not values or not all(values.values()):
        raise ConfigError("no setting, or one without a value. Allowed: one value or more each.")
    means = {name: sum(found) / len(found) for name, found in values.items()}
    valid = {name: mean for name, mean in means.items() if not math.isnan(mean)}
    if not valid:
        raise ConfigError(f"all of {', '.join(means)} are NaN on the validation rows.")
    return max(valid, key=valid.__getitem__)
