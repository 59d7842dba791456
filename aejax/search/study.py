"""Points of a space that learn from those before: a study of Optuna, asked and told in batches.

A batch is a population of ours. The study is in memory, in a file or in a database, which several
processes may share: a trial has its number there, and what is asked is a function of the seed, of
that number, and of the trials that have ended. Optuna is the extra `optuna`.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from aejax.errors import ConfigError, need
from aejax.results.workers import Place, begun, here, running
from aejax.search.rungs import differing
from aejax.search.space import Dimension, points

ATTEMPTS, WAIT_SECONDS = 4, 0.3  # at a storage that another process may be making
FACTS, WORKER = "aejax", "aejax_worker"  # attributes of a study and of a trial


class AskedPoint(NamedTuple):
    """A trial that runs: its number in the study, and its point."""

    number: int
    point: dict[str, Any]


class Ended(NamedTuple):
    """A trial that has ended: its number, its point, and its value (inf or -inf: it diverged)."""

    number: int
    point: dict[str, Any]
    value: float


def storage_of(storage: str | os.PathLike[str] | None) -> Any:
    """Returns a storage of Optuna's.

    Args:
      storage: None for memory, a URL, a file of SQLite, or one that ends in .journal, which is
        made for disks that machines share.

    Raises:
      ConfigError: a folder that is not there, or what the database says.
    """
    optuna = need("optuna", "optuna")
    if storage is None or "://" in str(storage):
        return None if storage is None else str(storage)
    path = Path(storage)
    if not path.parent.is_dir() or path.is_dir():
        raise ConfigError(
            f"storage={str(path)!r} is no file in a folder that is there. Allowed: a file "
            "(.journal for disks that machines share, else SQLite), or a URL."
        )
    if path.suffix != ".journal":
        return f"sqlite:///{path}"
    journal = optuna.storages.journal
    return optuna.storages.JournalStorage(journal.JournalFileBackend(str(path)))


def distribution(dimension: Dimension) -> Any:
    """Returns a dimension as Optuna has it."""
    optuna = need("optuna", "optuna").distributions
    if dimension.values:
        return optuna.CategoricalDistribution(dimension.values)
    assert dimension.ends is not None
    return optuna.FloatDistribution(*dimension.ends, log=dimension.log)


def open_study(
    storage: str | os.PathLike[str] | None,
    name: str,
    space: Mapping[str, Dimension],
    facts: Mapping[str, Any],
    *,
    maximize: bool,
    first: int,
    seed: int,
    sampler: Any = None,
) -> Study:
    """Returns a study, begun or gone on with.

    Args:
      storage: as in `storage_of`.
      name: of the study in its storage.
      space: name -> dimension.
      facts: what else makes it this search, as JSON: a study of others is refused.
      maximize: whether higher values are better.
      first: so many trials are Sobol points, before the sampler has anything to go by.
      seed: of points and of the sampler.
      sampler: of Optuna's; None: TPE, its dimensions together.

    Raises:
      ConfigError: the storage cannot be read, or has a study of this name that is another search.
    """
    optuna = need("optuna", "optuna")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    told = json.loads(json.dumps({**facts, "space": {n: d.text for n, d in space.items()}}))
    distributions = {n: distribution(d) for n, d in space.items()}
    study = _created(storage, name, "maximize" if maximize else "minimize")
    _check(study, name, told)
    study.sampler = sampler or _by_number(space, distributions, first, seed)
    _end_lost(study)
    return Study(study, distributions)


def _created(storage: str | os.PathLike[str] | None, name: str, direction: str) -> Any:
    """Returns the study of a storage. Two processes may make its tables at once: one is refused."""
    optuna = need("optuna", "optuna")
    for attempt in range(ATTEMPTS):
        try:
            return optuna.create_study(
                storage=storage_of(storage),
                study_name=name,
                direction=direction,
                load_if_exists=True,
            )
        except ConfigError:
            raise
        except Exception as error:  # whatever SQLAlchemy, a driver or the journal's reader says
            if attempt + 1 < ATTEMPTS:
                time.sleep(WAIT_SECONDS)
                continue
            reason = str(error).strip().partition("\n")[0]
            raise ConfigError(
                f"storage={str(storage)!r} has no study that can be read ({reason}). Allowed: a "
                "new file, a file of Optuna's, or a URL of a database."
            ) from error
    raise AssertionError(ATTEMPTS)


def _check(study: Any, name: str, told: dict[str, Any]) -> None:
    """Writes what a new study is of; raises ConfigError where one is of something else."""
    there = study.user_attrs.get(FACTS)
    if there is None:
        if study.get_trials(deepcopy=False):
            raise ConfigError(
                f"study={name!r} has trials that are not ours. Allowed: another name, or storage."
            )
        study.set_user_attr(FACTS, told)
    elif differs := differing(there, told):
        raise ConfigError(
            f"study={name!r} is of another search ({differs}). Allowed: the same, another name, or "
            "another storage."
        )


def _worker() -> dict[str, Any]:
    return {"place": [*here()], "pid": os.getpid(), "since": begun(os.getpid())}


def _end_lost(study: Any) -> None:
    """Fails the trials of processes of this machine that have ended: a sampler counts on others."""
    optuna = need("optuna", "optuna")
    state = optuna.trial.TrialState
    for trial in study.get_trials(deepcopy=False, states=(state.RUNNING,)):
        said = trial.user_attrs.get(WORKER)
        if said is not None and _lost(Place(*said["place"]), said["pid"], said["since"]):
            study.tell(trial.number, state=state.FAIL, skip_if_finished=True)


def _lost(place: Place, pid: int, since: str | None) -> bool:
    ours = here()
    if place.host != ours.host:
        return False  # nobody knows
    return place.boot != ours.boot or (place == ours and not running(pid, since))


def _by_number(
    space: Mapping[str, Dimension], distributions: Mapping[str, Any], first: int, seed: int
) -> Any:
    """Returns a sampler whose points are a function of seed, number and history."""
    optuna = need("optuna", "optuna")

    class ByNumber(optuna.samplers.BaseSampler):
        """Sobol points, then TPE (Bergstra et al. 2011), seeded anew for every number."""

        def infer_relative_search_space(self, study: Any, trial: Any) -> dict[str, Any]:
            return dict(distributions)

        def sample_relative(self, study: Any, trial: Any, search_space: Any) -> dict[str, Any]:
            ended = study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.COMPLETE,))
            if trial.number < first or not ended:
                return points(space, trial.number + 1, "sobol", seed)[-1]
            mixed = int(np.random.SeedSequence([seed, trial.number]).generate_state(1)[0])
            tpe = optuna.samplers.TPESampler(seed=mixed, multivariate=True, n_startup_trials=1)
            return tpe.sample_relative(study, trial, search_space)

        def sample_independent(self, study: Any, trial: Any, name: str, dimension: Any) -> Any:
            raise AssertionError(name)  # all names are in the relative space

    return ByNumber()


class Study:
    """A study of Optuna's in whole batches. `optuna` is the study itself."""

    def __init__(self, study: Any, distributions: dict[str, Any]):
        self.optuna = study
        self._distributions = distributions

    def ask(self, n: int) -> list[AskedPoint]:
        """Returns n trials, which now run."""
        found = []
        for _ in range(n):
            trial = self.optuna.ask(self._distributions)
            trial.set_user_attr(WORKER, _worker())
            found.append(AskedPoint(trial.number, dict(trial.params)))
        return found

    def tell(self, asked: Sequence[AskedPoint], values: Sequence[float]) -> None:
        """Ends trials. One that diverged is worst of all: the sampler learns to keep away.

        Args:
          asked: as `ask` returned them.
          values: one each; not finite: it diverged.
        """
        worst = -np.inf if self.optuna.direction.name == "MAXIMIZE" else np.inf
        for trial, value in zip(asked, values, strict=True):
            told = float(value) if np.isfinite(value) else float(worst)
            self.optuna.tell(trial.number, told)

    def give_back(self, asked: Sequence[AskedPoint]) -> None:
        """Fails trials that were asked for and not trained."""
        failed = need("optuna", "optuna").trial.TrialState.FAIL
        for trial in asked:
            self.optuna.tell(trial.number, state=failed, skip_if_finished=True)

    def ended(self) -> list[Ended]:
        """Returns the trials that have a value, the best first; of equals, the earlier."""
        state = need("optuna", "optuna").trial.TrialState.COMPLETE
        sign = -1 if self.optuna.direction.name == "MAXIMIZE" else 1
        trials = self.optuna.get_trials(deepcopy=False, states=(state,))
        found = [Ended(t.number, dict(t.params), float(t.value)) for t in trials]
        return sorted(found, key=lambda trial: (sign * trial.value, trial.number))
