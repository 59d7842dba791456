"""Rungs of a search: steps at which the members of a population are scored, kept in a folder."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from aejax.errors import ConfigError
from aejax.io import write_whole
from aejax.results.lock import Lock
from aejax.train.checkpoint import Checkpoint
from aejax.train.plan import Job
from aejax.train.programs import Measure
from aejax.train.run import Trained, train
from aejax.types import TrainState

FACTS = "search.json"  # what a folder's rungs are of
LOCK = ".lock"  # of `Lock`

Score = Callable[[dict[str, np.ndarray]], np.ndarray]  # metrics [P] -> scores [P], lower is better


class AllDiverged(ConfigError):
    """No member is left."""


class Rung(NamedTuple):
    """Members that reached `step`, and their scores there (lower is better, inf: diverged)."""

    step: int
    members: np.ndarray  # indices into the job's members
    scores: np.ndarray


class Contest(NamedTuple):
    """What the rungs of a search have in common.

    Args:
      table: training rows, as for `train`.
      valid: validation rows: the rungs' scores are of these.
      measure: what is measured of them, as for `train`.
      score: of the metrics at a rung.
      folder: where each rung has its checkpoints, or None: a search that was stopped then goes on
        in its last rung.
    """

    table: Any
    valid: Any
    measure: Measure
    score: Score
    folder: Path | None = None


def to_rung(
    contest: Contest, job: Job, step: int, state: TrainState | None
) -> tuple[Trained, np.ndarray]:
    """Trains members up to a rung; returns them, and their scores [P] there.

    Args:
      contest: of the search.
      job: the members; `recipe.steps` are those of the whole search.
      step: of the rung, a validation point.
      state: of the rung before, stacked [P, ...]; None: the members begin.

    Raises:
      AllDiverged: no score is finite.
    """
    going: dict[str, Any] = {} if state is None else {"start": state, "planned": job.recipe.steps}
    kept = Checkpoint(contest.folder / f"rung_{step}") if contest.folder else None
    try:
        trained = train(
            job, contest.table, valid=contest.valid, measure=contest.measure, until=step,
            checkpoint=kept, **going,
        )  # fmt: skip
    finally:
        if kept:
            kept.close()
    at_rung = int(np.flatnonzero(trained.valid_step == step)[0])
    points = {name: values[:, at_rung] for name, values in trained.valid.items()}
    scores = np.asarray(contest.score(points), np.float64)
    lost = np.asarray(jax.device_get(trained.state.health.step)) >= 0
    scores = np.where(lost | np.isnan(scores), np.inf, scores)
    if np.isinf(scores).all():
        raise AllDiverged(
            f"all {len(scores)} members diverged before step {step}. Allowed: a space with smaller "
            "values of lr, or clip=True."
        )
    return trained, scores


def differing(there: Mapping[str, Any], told: Mapping[str, Any]) -> str | None:
    """Returns in words the first field in which a search that is there is not this one, or None."""
    for name in [*told, *there]:
        if told.get(name) != there.get(name):
            return f"{name}: {there.get(name)} there, {told.get(name)} here"
    return None


@contextmanager
def held(folder: Path | None, facts: Mapping[str, Any]) -> Iterator[None]:
    """Holds the folder of a search, which is made where there is none.

    A search that is refused before its first rung leaves no trace.

    Args:
      folder: of its rungs, or None.
      facts: what makes the search this one, as JSON.

    Raises:
      ConfigError: the folder is another search's, or no search's, or another process has it.
    """
    if folder is None:
        yield
        return
    made = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = Lock(folder)
    except OSError as error:
        raise ConfigError(
            f"workdir={str(folder)!r} is no folder to write in ({error.strerror}). Allowed: a new "
            "folder, or that of the same search."
        ) from error
    fresh = refused = False
    try:
        fresh = _noted(folder, json.loads(json.dumps(facts)))
        yield
    except ConfigError:
        refused = fresh and not any(folder.glob("rung_*"))
        raise
    finally:
        lock.close()
        if refused:
            for name in (FACTS, LOCK):
                (folder / name).unlink(missing_ok=True)
            if made:
                folder.rmdir()


def _noted(folder: Path, told: dict[str, Any]) -> bool:
    """Writes what a new folder is of; returns whether it was new. Raises as `held`."""
    note = folder / FACTS
    if note.exists():
        differs = differing(_read(note), told)
        if differs:
            raise ConfigError(
                f"workdir={str(folder)!r} is of another search ({differs}). Allowed: the same "
                "search, or another folder."
            )
        return False
    if any(path.name != LOCK for path in folder.iterdir()):
        raise ConfigError(
            f"workdir={str(folder)!r} has files and no {FACTS}. Allowed: a new folder, or that of "
            "the same search."
        )
    write_whole(note, json.dumps(told, indent=1))
    return True


def _read(note: Path) -> dict[str, Any]:
    try:
        there = json.loads(note.read_bytes())
        return dict(there)
    except (ValueError, TypeError) as error:
        raise ConfigError(
            f"{note} is not what a search has written. Allowed: another folder; delete this one to "
            "start over."
        ) from error
