"""Rounds in turn: ours and its peers do the same work, one after the other, again and again.

A ratio is taken within a round, where both meet the same machine, and the median over rounds is
reported: a neighbour that comes and goes slows both.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np

ROUNDS = 5
REST_SECONDS = 0.3  # a peer's threads may spin for a while after their work; let them fall asleep


class Round(NamedTuple):
    """What one round took, and the mean training loss (or the value) at its end; NaN for none."""

    seconds: float
    value: float


class Contestant(Protocol):
    """Does the same work in every round; the first round, which warms up, is not counted."""

    name: str

    def round(self) -> Round:
        """Does one round's work and waits for its end."""
        ...

    def close(self) -> dict[str, Any]:
        """Frees what the contestant holds.

        Returns what it has to say of itself: compile_seconds, peak_bytes; `values` of
        all rounds, where it knows them better at the end.
        """
        ...


class Case(NamedTuple):
    """One line of a benchmark: ours against one peer, or against a limit.

    `ours` and `peer_value` are medians over rounds in `unit`; `ratio` is the median of the rounds'
    ratios, above 1 where ours is better. `detail` holds whatever else was measured, by name.
    """

    suite: str
    case: str
    unit: str
    ours: float
    peer: str
    peer_value: float
    ratio: float
    ratio_low: float  # the least and the greatest of the rounds' ratios
    ratio_high: float
    detail: dict[str, Any]


class Lane(NamedTuple):
    """A contestant's rates [R] and values [R] over the counted rounds, and what it said."""

    name: str
    rates: np.ndarray
    values: np.ndarray
    said: dict[str, Any]


def race(
    contestants: Sequence[Contestant],
    work: float,
    rounds: int = ROUNDS,
    *,
    rest: float = REST_SECONDS,
    clock: Callable[[], float] = time.perf_counter,
) -> list[Lane]:
    """Runs all contestants for one uncounted and `rounds` counted rounds, each round in turn.

    Args:
      contestants: ours first; all do the same work.
      work: units of work in a round (steps, model-steps, log-likelihoods).
      rounds: counted rounds.
      rest: seconds between two contestants.
      clock: for the note on what the first rounds took.

    Returns:
      A lane for each contestant; rates are work per second.
    """
    seconds = np.full((len(contestants), rounds), np.nan)
    values = np.full((len(contestants), rounds), np.nan)
    first = []
    for contestant in contestants:
        begun = clock()
        contestant.round()
        first.append(clock() - begun)
        time.sleep(rest)
    for r in range(rounds):
        # Every contestant runs first once in a while: nobody always follows the same neighbour.
        for i in [(r + k) % len(contestants) for k in range(len(contestants))]:
            done = contestants[i].round()
            seconds[i, r], values[i, r] = done.seconds, done.value
            time.sleep(rest)
    lanes = []
    for i, contestant in enumerate(contestants):
        said = contestant.close()
        found = np.asarray(said.pop("values", values[i]))[-rounds:]
        said = {"first_round_seconds": first[i], **said}
        lanes.append(Lane(contestant.name, work / seconds[i], found, said))
    return lanes


def compare(
    suite: str, case: str, unit: str, lanes: Sequence[Lane], detail: dict[str, Any] | None = None
) -> list[Case]:
    """Returns one case for each peer of the first lane."""
    ours, *peers = lanes
    cases = []
    for peer in peers:
        ratios = ours.rates / peer.rates
        cases.append(
            Case(
                suite=suite,
                case=case,
                unit=unit,
                ours=float(np.median(ours.rates)),
                peer=peer.name,
                peer_value=float(np.median(peer.rates)),
                ratio=float(np.median(ratios)),
                ratio_low=float(ratios.min()),
                ratio_high=float(ratios.max()),
                detail={
                    **(detail or {}),
                    "rounds": len(ratios),
                    "ours_spread": spread(ours.rates),
                    "peer_spread": spread(peer.rates),
                    "ours_final": number(ours.values[-1]),
                    "peer_final": number(peer.values[-1]),
                    "ours_said": ours.said,
                    "peer_said": peer.said,
                },
            )
        )
    return cases


def spread(rates: np.ndarray) -> float:
    """Returns half of the distance between the quartiles, over the median."""
    low, middle, high = np.percentile(rates, [25, 50, 75])
    return float((high - low) / 2 / middle)


def number(value: float) -> float | None:
    """Returns a float for JSON, which has no NaN."""
    return float(value) if np.isfinite(value) else None
