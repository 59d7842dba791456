"""One record for a hyper-parameter: name, default, range, symbol and meaning.

Whoever reads a hyper-parameter declares it, once: an optimiser, a corruption, a latent space, a
prior, a model. Defaults, checks, tables and documents all read the record.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from aejax.errors import ConfigError, check_number, nearest

_LARGEST = float(np.finfo(np.float32).max)


@dataclasses.dataclass(frozen=True)
class Range:
    """The finite float32 numbers from `low` to `high`; an end may be open, all may be whole."""

    low: float = -math.inf
    high: float = math.inf
    open_low: bool = False
    open_high: bool = False
    whole: bool = False

    def __contains__(self, value: float) -> bool:
        if not abs(value) <= _LARGEST or (self.whole and value != round(value)):
            return False
        # Open ends hold for what the program gets, which is float32.
        rounded = float(np.float32(value))
        above = self.low < min(value, rounded) if self.open_low else self.low <= value
        below = max(value, rounded) < self.high if self.open_high else value <= self.high
        return above and below

    def __str__(self) -> str:
        low = f"above {self.low:g}" if self.open_low else f"{self.low:g}"
        high = f"below {self.high:g}" if self.open_high else f"{self.high:g}"
        text = {
            (True, True): f"{low} to {high}",
            (True, False): f"{low}, finite" if self.open_low else f"{low} or more, finite",
            (False, True): f"up to {high}, finite",
            (False, False): "finite numbers",
        }[math.isfinite(self.low), math.isfinite(self.high)]
        return text + ", whole numbers" * self.whole


ANY = Range()
NON_NEGATIVE = Range(0.0)
POSITIVE = Range(0.0, open_low=True)
FRACTION = Range(0.0, 1.0)
DECAY = Range(0.0, 1.0, open_high=True)  # of a moving average: at 1 it would never move
COUNT = Range(0.0, whole=True)


@dataclasses.dataclass(frozen=True)
class HParam:
    """A number that can be swept without recompiling.

    Attributes:
      name: as in `hp={name: value}` and `--config.hp.NAME=VALUE`.
      default: its value where none is given.
      range: what it may be; a weight, by default, is 0 or more.
      symbol: the paper's, in ASCII; "" where the paper has none.
      meaning: one line for tables, with its unit.

    Raises:
      ConfigError: the default is out of range.
    """

    name: str
    default: float
    range: Range = NON_NEGATIVE
    symbol: str = ""
    meaning: str = ""

    def __post_init__(self):
        self.check(self.default)

    def check(self, value: Any) -> float:
        """Returns a value as a float.

        Raises:
          ConfigError: no number, or one that is out of range, NaN and infinity included.
        """
        number = check_number(f"hp.{self.name}", value)
        if number not in self.range:
            shown = number if hasattr(value, "dtype") else value
            raise ConfigError(f"hp.{self.name}={shown!r} is out of range. Allowed: {self.range}.")
        return number

    def replace(self, **changes: Any) -> HParam:
        """Returns a copy with other fields."""
        return dataclasses.replace(self, **changes)


def by_name(records: Iterable[HParam]) -> dict[str, HParam]:
    """Returns records by their names; of two with one name the later counts."""
    return {record.name: record for record in records}


def defaults(records: Mapping[str, HParam]) -> dict[str, float]:
    """Returns the defaults by name."""
    return {name: record.default for name, record in records.items()}


def unknown(name: str, value: Any, records: Mapping[str, HParam], what: str) -> ConfigError:
    """Returns the error for a name that nothing reads; a paper's symbol finds the name.

    Args:
      name: of no record.
      value: what was given.
      records: what is read, by name.
      what: is wrong: follows "hp.NAME=VALUE".
    """
    symbols = {record.symbol: record.name for record in records.values() if record.symbol}
    meant = f" Did you mean {symbols[name]!r}?" if name in symbols else nearest(name, records)
    return ConfigError(
        f"hp.{name}={value!r}{what}.{meant} Allowed: {', '.join(sorted(records)) or 'none'}."
    )


# What training fills in by itself, for models that ask for it: the number of training rows.
NUM_DATA = HParam("num_data", 0.0, COUNT, "N", "training rows, filled in by fit and sweeps")
