"""Tasks: what a paper needs beyond a sweep, each a function that returns measured rows.

A task reads the rows so far and the trained variables of the sweep; what it returns is written at
once and never computed again, so that a stopped reproduction goes on where it was.
"""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from rich.console import Console

from aejax import data
from aejax.errors import ConfigError
from aejax.reproduce.own_files import check_unchanged
from aejax.reproduce.select import Row, select
from aejax.results import environment
from aejax.results.owner import Owner
from aejax.results.reader import Arrays
from aejax.results.store import Store
from aejax.results.variables import load_variables
from aejax.sweep.config import Point
from aejax.sweep.plan import SweepPlan, identity
from aejax.sweep.spec import digest
from aejax.types import Autoencoder, Variables


class Measured(NamedTuple):
    """One row of a task: numbers, what the row is of beside the task's point, and arrays.

    `point` usually holds the seed; NaN and infinities become null. All rows of a task have arrays
    of the same names and shapes.
    """

    metrics: Mapping[str, Any]  # name -> number
    point: Point = {}
    arrays: Mapping[str, np.ndarray] = {}


class Population(NamedTuple):
    """Trained members of one group: variables stacked [P, ...] in the order of `rows`."""

    model: Autoencoder
    variables: Variables
    rows: list[Row]

    @property
    def seeds(self) -> list[int]:
        return [int(row["seed"]) for row in self.rows]

    def hp(self, name: str) -> np.ndarray:
        """Returns a hyper-parameter's values, float32 [P]."""
        return np.asarray([row["hp"][name] for row in self.rows], np.float32)


class Context:
    """What a task may read."""

    def __init__(
        self,
        config: Any,
        workdir: Path,
        plan: SweepPlan | None,
        rows: list[Row],
        content: str | None = None,
    ):
        self.config = config
        self.content = content  # of the user's own files, by `own_files.content_of`
        self.rows = rows  # of the sweep, and of the tasks done so far
        self._workdir = workdir
        self._plan = plan
        self._data: dict[Any, data.Dataset] = {}
        self.read: dict[str, set[str]] = {}  # by a task: data set -> fingerprints

    @property
    def scale(self) -> str:
        return str(self.config.scale)

    @property
    def beside_figures(self) -> Path:
        """The folder of the figures of the user's own data, for tables that a task makes of it."""
        return self._workdir / "figures"

    def dataset(self, name: str | None = None, *, gaps: bool = False, **sizes: Any) -> data.Dataset:
        """Returns a data set: the config's own, or one by name with `train_size`, `test_size`.

        Its splits are the sweep's: `test_fraction` and `valid_fraction` are the config's. With
        `gaps`, a table may have categories and empty cells (`aejax.data.load`).
        """
        config = self.config
        if name is None:
            sizes = {"train_size": config.train_size, "test_size": config.test_size, **sizes}
        key = (name or config.dataset, gaps, *sorted(sizes.items()))
        if key not in self._data:
            if name in (None, config.dataset) and config.resize is not None:
                sizes["resize"] = config.resize
            self._data[key] = data.load(
                name or config.dataset,
                data_dir=config.data_dir,
                manual_dir=config.manual_dir,
                test_fraction=config.test_fraction,
                valid_fraction=config.valid_fraction,
                gaps=gaps,
                **sizes,
            )
        found = self._data[key]
        self.read.setdefault(found.name, set()).add(found.fingerprint)
        return found

    def select(self, **where: Any) -> list[Row]:
        """Returns the rows so far that match; dotted names are given as select(**{"hp.k": 25})."""
        return select(self.rows, where)

    def population(self, **where: Any) -> Population:
        """Returns the trained members that match, which are of one group.

        Raises:
          ConfigError: none matches, or they are of several groups.
        """
        rows = self.select(**where)
        groups = {str(row["group"]) for row in rows}
        if len(groups) != 1:
            raise ConfigError(
                f"population({where}) matches {len(rows)} members of {len(groups)} groups. "
                "Allowed: members of one group."
            )
        (name,) = groups
        assert self._plan is not None
        model = next(group.model for group in self._plan.groups if group.id == name)
        path = self._workdir / "sweep" / "variables" / f"{name}.npz"
        return Population(model, load_variables(path, [str(row["id"]) for row in rows]), rows)

    def arrays(self, row: Row) -> Mapping[str, np.ndarray]:
        """Returns the arrays of a row."""
        return arrays_of(self._workdir, [row])[str(row["id"])]


class Task(NamedTuple):
    """`run(context, point)` measures one thing; `point` is its identity and is in its rows.

    `point` must have "task", its name. A row has the point's "seed" unless `Measured` says another.
    """

    point: Point
    run: Callable[[Context, Point], Measured | Sequence[Measured]]


def arrays_of(workdir: Path, rows: Sequence[Row]) -> Mapping[str, Mapping[str, np.ndarray]]:
    """Returns row id -> arrays, of the sweep's rows and of the tasks'."""
    found: dict[str, Mapping[str, np.ndarray]] = {}
    for folder, mine in (("sweep", False), ("tasks", True)):
        chosen = [row for row in rows if ("point" in row) is mine]
        arrays = Arrays(workdir / folder / "arrays", chosen)
        found |= {str(row["id"]): arrays[str(row["id"])] for row in chosen if row["id"] in arrays}
    return found


def run_tasks(
    name: str,
    tasks: Iterable[Task],
    context: Context,
    workdir: Path,
    console: Console,
) -> list[Row]:
    """Runs the tasks that are not done, and returns all their rows.

    Args:
      name: the paper's.
      tasks: in order; a later one may read an earlier one's rows.
      context: its `rows` grow as tasks end.
      workdir: of the reproduction; the rows are in `workdir/tasks/results.jsonl`.
      console: gets a line a task.

    Raises:
      ConfigError: two tasks of one point, a task without a name, or the folder is another's, or has
        rows of what the user's own files held before.
    """
    listed = list(tasks)
    points = [digest([name, dict(task.point)]) for task in listed]
    for task, mark in zip(listed, points, strict=True):
        if not task.point.get("task") or points.count(mark) > 1:
            raise ConfigError(
                f"task {dict(task.point)!r} stands twice, or its point has no 'task'. "
                "Allowed: points that differ, with the task's name."
            )
    # A task's mark knows nothing of the config: no field may differ, those that sweeps grow by
    # included, which the prefix says.
    fields = {f"config.{field}": value for field, value in identity(context.config).items()}
    owner = {"paper": name, **fields}
    fresh = [path for path in (workdir / "tasks", workdir) if not path.exists()]
    store = Store(workdir / "tasks", Owner(digest(owner), owner))
    try:
        check_unchanged(store.rows, context.content, str(context.config.dataset), workdir)
        for task, mark in zip(listed, points, strict=True):
            done = [row for row in store.rows if row["group"] == mark]
            if not done or len(done) < done[0]["members"]:
                _run_one(mark, task, context, store, console)
                done = [row for row in store.rows if row["group"] == mark]
            context.rows.extend(done)
        return [row for row in store.rows if row["group"] in points]
    except ConfigError:
        if fresh and not store.rows:
            _leave_nothing(fresh)
        raise
    finally:
        store.close()


def _leave_nothing(made: Sequence[Path]) -> None:
    """Removes folders that were made for rows, of which there are none: they bind nobody."""
    shutil.rmtree(made[0], ignore_errors=True)
    for path in made[1:]:
        with contextlib.suppress(OSError):  # what is there else is not ours
            path.rmdir()


def _run_one(mark: str, task: Task, context: Context, store: Store, console: Console) -> None:
    context.read = {}
    begun = time.perf_counter()
    found = task.run(context, task.point)
    measured = [found] if isinstance(found, Measured) else list(found)
    seconds = round(time.perf_counter() - begun, 3)
    rows = [_row(mark, {**task.point, **one.point}, one, len(measured)) for one in measured]
    for row in rows:
        row["seconds"] = {"run": seconds}
        row["data"] = {name: sorted(prints) for name, prints in context.read.items()}
        if context.content is not None:
            row["content"] = context.content
    if any(one.arrays for one in measured):
        stacked = {
            key: np.stack([np.asarray(one.arrays[key]) for one in measured])
            for key in measured[0].arrays
        }
        store.save_arrays(mark, {"ids": np.asarray([row["id"] for row in rows]), **stacked})
    store.append(rows)
    shown = " ".join(f"{k}={v}" for k, v in task.point.items() if k != "task")
    numbers = "; ".join(
        ", ".join(f"{k} {v:.4g}" for k, v in list(one.metrics.items())[:3]) for one in measured[:3]
    )
    console.print(f"{task.point['task']} {shown}: {numbers} ({seconds:.1f} s)")


def _row(mark: str, point: dict[str, Any], measured: Measured, members: int) -> Row:
    seed = point.pop("seed", None)
    metrics = {name: float(value) for name, value in measured.metrics.items()}
    return {
        "id": digest([mark, point, seed]),
        "group": mark,
        "model": point.get("model"),
        "dataset": point.get("dataset"),
        "point": point,
        "seed": seed,
        "status": "ok",
        "metrics": {k: v if np.isfinite(v) else None for k, v in metrics.items()},
        "members": members,
        "git": environment.git_commit(),
        "versions": environment.versions(),
        "device": environment.device(),
    }
