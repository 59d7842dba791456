"""What a tracker is asked for: to begin a member's run, to take points, to end it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol


class Tracked(NamedTuple):
    """A member as trackers know it.

    Attributes:
      id: the member's, in the rows; of its run as well.
      name: for people, e.g. "vae-3f09ac21be".
      group: the population that it trains in.
      config: dotted name -> number, text, truth value or None: what is static, `hp.*` and the seed.
    """

    id: str
    name: str
    group: str
    config: Mapping[str, Any]


class Point(NamedTuple):
    """Values after `step` steps, by name: `train/*` and `valid/*`."""

    step: int
    values: Mapping[str, float]


class Tracker(Protocol):
    """One tracker. Methods but `check` are called by one thread, and may raise what they like."""

    def check(self) -> None:
        """Asks whether it can be reached; writes nothing.

        Raises:
          ConfigError: it cannot.
        """
        ...

    def begin(self, member: Tracked) -> int:
        """Opens the member's run, or goes on with it; returns the last step it has, -1 for none."""
        ...

    def log(self, member: Tracked, points: Sequence[Point]) -> None:
        """Adds points, in the order of their steps; written once it returns."""
        ...

    def end(self, member: Tracked, step: int, metrics: Mapping[str, float], status: str) -> None:
        """Ends the run.

        Args:
          member: whose run.
          step: the member's last.
          metrics: the final ones, by their names in the row.
          status: of the row, "ok" or "diverged".
        """
        ...

    def close(self) -> None:
        """Lets go of all runs, ended or not."""
        ...
