"""Where results came from: the commit and whether it was all, the machine, when, and how long.

A work directory may have been filled in several runs, so `WORKDIR/runs.json` has a line for each
that made rows; the commit of a row is the row's own. What an older record lacks is "not recorded".
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aejax.errors import ConfigError
from aejax.io import write_whole
from aejax.results import environment
from aejax.results.rows import Row

NO_COMMIT = "no commit"  # installed, or a copy without git
NOT_RECORDED = "not recorded"
RUNS = "runs.json"
ROWS = (Path("sweep") / "results.jsonl", Path("tasks") / "results.jsonl")


def check_tree(out: Path, allow_dirty: bool, commit: str | None, root: Path) -> None:
    """Refuses to write results of changed files among those that the clone keeps.

    Results that go elsewhere, or to where git ignores them, are made and marked: who tries a
    change at smoke scale in a directory of its own is not stopped. Outside git nothing is known of
    changes, and nothing refused.

    Args:
      out: the folder of results.
      allow_dirty: write them all the same; every table that is made of them says it.
      commit: of the source tree, as `environment.git_commit` says it.
      root: of the source tree.

    Raises:
      ConfigError: `commit` is dirty, and `out` is a folder that the clone keeps.
    """
    if allow_dirty or not str(commit).endswith(environment.DIRTY):
        return
    if environment.belongs_to_clone(root, out / "record.json"):
        raise ConfigError(
            f"results_dir={str(out)!r} would get results of files that differ from commit "
            f"{str(commit)[:10]}. Allowed: commit them first (`git status`), --results_dir=DIR "
            "outside of the clone or ignored by git, or --allow_dirty, which marks the results."
        )


def read_runs(workdir: Path) -> list[dict[str, Any]]:
    """Returns the runs that made rows of a work directory, first to last.

    Raises:
      ConfigError: the file is no list of runs.
    """
    path = workdir / RUNS
    if not path.is_file():
        return []
    try:
        found = json.loads(path.read_text())
        if not (isinstance(found, list) and all(isinstance(run, dict) for run in found)):
            raise ValueError("no list of objects")
    except ValueError as error:
        raise ConfigError(
            f"{path} is no list of runs ({error}). Allowed: what experiments.reproduce wrote."
        ) from error
    return found


def _count(workdir: Path) -> int:
    """Returns how many rows there are."""
    paths = [workdir / name for name in ROWS]
    return sum(path.read_bytes().count(b"\n") for path in paths if path.is_file())


@contextmanager
def recorded(workdir: Path) -> Iterator[None]:
    """Records a run: begun, commit, machine, load at its start, versions, wall seconds, rows.

    It is written at the start, so that a run that is killed has a line too, whose `wall_seconds`
    and `rows` are null; a run that makes no row leaves none.

    Raises:
      ConfigError: as `read_runs`.
    """
    path, earlier, before = workdir / RUNS, read_runs(workdir), _count(workdir)
    run = {
        "begun": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": environment.git_commit() or NO_COMMIT,
        "machine": environment.machine(),
        "device": environment.device(),
        "versions": environment.versions(),
        "wall_seconds": None,
        "rows": None,
    }
    fresh = not workdir.exists()
    _write(path, [*earlier, run])
    begun = time.perf_counter()
    try:
        yield
    finally:
        made = _count(workdir) - before
        run |= {"wall_seconds": round(time.perf_counter() - begun, 1), "rows": made}
        if made or earlier:
            _write(path, [*earlier, run] if made else earlier)
        else:
            path.unlink(missing_ok=True)
            if fresh and not any(workdir.iterdir()):
                workdir.rmdir()


def _write(path: Path, runs: Sequence[Mapping[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, json.dumps(runs, indent=1) + "\n")


def commits_of(rows: Sequence[Row]) -> list[str]:
    """Returns the commits that rows were made of."""
    return sorted({str(row.get("git") or NO_COMMIT) for row in rows})


def data_of(rows: Sequence[Row]) -> dict[str, list[str]]:
    """Returns name of a data set -> the fingerprints of what runs and tasks read under it.

    A file is named without its folder, which is of one machine.
    """
    found: dict[str, set[str]] = {}
    for row in rows:
        print_ = (row.get("spec") or {}).get("data")
        read = {str(row.get("dataset")): [print_]} if print_ else row.get("data") or {}
        for name, prints in read.items():
            found.setdefault(Path(name).name, set()).update(prints)
    return {name: sorted(prints) for name, prints in sorted(found.items())}


def described(rows: Sequence[Row], runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Returns the part of `results/NAME/SCALE.json` that says where it came from.

    `wall_seconds` is null where a run of the work directory was killed, or is not known.
    """
    walls = [run.get("wall_seconds") for run in runs]
    known = [wall for wall in walls if wall is not None]
    return {
        "judged_at": environment.git_commit() or NO_COMMIT,
        "wall_seconds": round(sum(known), 1) if known and known == walls else None,
        "data": data_of(rows),
        "runs": list(runs),
    }


def is_dirty(results: Mapping[str, Any]) -> bool:
    """Returns whether files differed from the commit where rows were made, or judged."""
    made = [*recorded_commits(results), results.get("judged_at", "")]
    return any(str(commit).endswith(environment.DIRTY) for commit in made)


def recorded_commits(results: Mapping[str, Any]) -> list[str]:
    """Returns the commits that a record names: one is written as a text, several as a list."""
    found = results.get("commit")
    return [found] if isinstance(found, str) else list(found or [])


def mark(dirty: bool) -> str:
    """Returns what tables say of results from a dirty tree, and nothing of others."""
    return ", dirty tree" if dirty else ""
