"""`FittedPopulation`: what `fit_population` returns."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from aejax.api.fitted import Fitted
from aejax.errors import ConfigError, check_integer, lookup
from aejax.results.rows import HIGHER_IS_BETTER


class FittedPopulation:
    """Trained members in the order in which they were asked for; a sequence of Fitted."""

    def __init__(self, members: Sequence[Fitted]):
        self.members = tuple(members)

    def __len__(self) -> int:
        return len(self.members)

    def __iter__(self) -> Iterator[Fitted]:
        return iter(self.members)

    def __getitem__(self, i: int) -> Fitted:
        return self.member(i)

    def __repr__(self) -> str:
        first = self.members[0]
        lost = sum(m.diverged is not None for m in self.members)
        said = f", {lost} diverged" if lost else ""
        return f"FittedPopulation of {len(self)} {first.model.info.name}, {first.step} steps{said}"

    def member(self, i: int) -> Fitted:
        """Returns member i; raises IndexError where there is none."""
        if not -len(self) <= i < len(self):
            raise IndexError(f"member={i} is out of range. Allowed: 0 to {len(self) - 1}.")
        return self.members[check_integer("member", i % len(self), 0)]

    def best(self, metric: str = "valid_mse_per_image") -> Fitted:
        """Returns the member with the least final value of a validation metric.

        Args:
          metric: `valid_NAME` of what validation measures, at each member's best or last point.
            `valid_elbo_nats`, a bound, is best where it is largest.

        Raises:
          ConfigError: trained without validation rows, an unknown metric, or all diverged.
        """
        fine = [m for m in self.members if m.diverged is None]
        if not fine:
            raise ConfigError("all members diverged. Allowed: a population with one that did not.")
        if not fine[0].valid:
            raise ConfigError(
                f"best({metric!r}) needs validation rows. Allowed: fit_population(..., valid=0.1)."
            )
        names = {f"valid_{name}": name for name in fine[0].valid if name != "step"}
        name = lookup("metric", metric, names)
        sign = -1 if name in HIGHER_IS_BETTER else 1
        return min(fine, key=lambda m: _key(sign * final(m, name)))


def final(member: Fitted, name: str) -> float:
    """Returns a validation metric of the variables that a member holds."""
    steps, values = member.valid["step"], member.valid[name]
    if member.best_step is None:
        return float(values[-1])
    return float(values[list(steps).index(member.best_step)])


def _key(value: float) -> float:
    return math.inf if math.isnan(value) else value
