"""The papers and applications of a folder: their modules, what is in them, and running one."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Mapping
from itertools import chain
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from rich.console import Console

from aejax.errors import ConfigError, lookup
from aejax.io import becoming
from aejax.reproduce import intervals
from aejax.reproduce.claim import Application, Claim, Facts, check_claims, check_paper
from aejax.reproduce.origin import is_dirty
from aejax.reproduce.own_files import content_of
from aejax.reproduce.results import read, state_of
from aejax.reproduce.select import Row
from aejax.reproduce.tasks import Context, Task, run_tasks
from aejax.sweep import check_scale, make_plan, run

# Folder of `configs/` -> what one of its files is.
GROUPS = {"papers": "paper", "applications": "application"}


class PaperFile(NamedTuple):
    """A paper's file: `PAPER`, `claims()`, `get_config(scale)`, and `sweep(scale)`, `tasks(scale)`

    where it has them, and `files(rows, arrays)` where it writes more than figures. An application's
    has `APPLICATION` for `PAPER`, and `tasks(scale, dataset)`: those on one data set, one of its
    own or the user's.
    """

    name: str
    module: ModuleType
    paper: Facts
    claims: tuple[Claim, ...]
    kind: str = "paper"


def names(folder: Path) -> dict[str, Path]:
    """Returns name -> file of the papers, by name."""
    return {path.stem: path for path in sorted(folder.glob("*.py")) if path.stem != "__init__"}


def kind_of(folder: Path) -> str:
    """Returns what the files of a folder are: "paper" or "application"."""
    return GROUPS.get(folder.name, "paper")


def find(folders: Iterable[Path], name: str) -> PaperFile:
    """Returns the paper or application of a name, imported and checked.

    Raises:
      ConfigError: there is none; the message has the nearest name of all. As `load`.
    """
    table = {each: folder for folder in folders for each in names(folder)}
    return load(lookup("name", name, table), name)


def load(folder: Path, name: str) -> PaperFile:
    """Imports a file of a folder and checks what it says.

    Raises:
      ConfigError: there is no such file, or it lacks something or claims badly.
    """
    kind = kind_of(folder)
    path = lookup(kind, name, names(folder))
    spec = importlib.util.spec_from_file_location(f"aejax_{kind}_{name}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    facts = kind.upper()
    for needed in (facts, "get_config", "claims"):
        if not hasattr(module, needed):
            raise ConfigError(
                f"{path} has no {needed}. Allowed: {facts}, get_config, claims, and sweep or tasks."
            )
    if not (hasattr(module, "sweep") or hasattr(module, "tasks")):
        raise ConfigError(f"{path} has neither sweep nor tasks. Allowed: one of them or both.")
    paper = check_paper(name, getattr(module, facts), kind)
    claims = check_claims(name, tuple(module.claims()), paper.scales, kind)
    return PaperFile(name, module, paper, claims, kind)


def configure(entry: PaperFile, scale: str, **practical: Any) -> Any:
    """Returns the paper's config at a scale, with data_dir and the like set where given."""
    config = entry.module.get_config(check_scale(scale, entry.paper.scales))
    for field, value in {"keep_variables": "all", **practical}.items():
        if value is not None:
            config[field] = value
    return config


def check_own(entry: PaperFile) -> PaperFile:
    """Returns an application that takes the user's own data.

    Raises:
      ConfigError: a paper, or an application whose data are its own.
    """
    if not isinstance(entry.paper, Application):
        raise ConfigError(
            f"dataset: {entry.kind} {entry.name!r} has data of its own. Allowed: an application "
            "that takes yours (docs/applications.md)."
        )
    return entry


def tasks_of(entry: PaperFile, scale: str, dataset: str | None = None) -> Iterable[Task]:
    """Returns the tasks of a scale; an application's on its data sets, or on the one named."""
    if not hasattr(entry.module, "tasks"):
        return ()
    if not isinstance(entry.paper, Application):
        return entry.module.tasks(scale)
    wanted = entry.paper.datasets[scale] if dataset is None else (dataset,)
    return chain.from_iterable(entry.module.tasks(scale, each) for each in wanted)


def measure(
    entry: PaperFile, config: Any, workdir: Path, console: Console, own: bool = False
) -> list[Row]:
    """Runs what is missing of a paper's sweep and tasks; returns all rows.

    Args:
      entry: the paper's or application's file.
      config: its config.
      workdir: where rows and arrays are kept.
      console: gets a line a task.
      own: run the tasks for the user's own data alone.

    Raises:
      ConfigError: whatever is wrong with config, sweep, tasks or the work directory.
    """
    module, plan = entry.module, None
    rows: list[Row] = []
    if own:
        context = Context(config, workdir, None, [], content_of(str(config.dataset)))
        listed = tasks_of(entry, config.scale, config.dataset)
        return run_tasks(entry.name, listed, context, workdir, console)
    if hasattr(module, "sweep"):
        plan = make_plan(config, list(module.sweep(config.scale)))
        rows = run(plan, workdir / "sweep", console).rows
    context = Context(config, workdir, plan, list(rows))
    listed = list(tasks_of(entry, config.scale))
    return rows + run_tasks(entry.name, listed, context, workdir, console) if listed else rows


def write_files(
    entry: PaperFile, rows: list[Row], arrays: Mapping[str, Any], folder: Path, scale: str
) -> list[Path]:
    """Writes what a file's `files(rows, arrays)` returns, name -> bytes: `folder/SCALE-NAME`.

    A file without that function has none.
    """
    written = []
    if hasattr(entry.module, "files"):
        for name, content in entry.module.files(rows, arrays).items():
            path = folder / f"{scale}-{name}"
            with becoming(path) as part:
                part.write_bytes(content)
            written.append(path)
    return written


def index(folder: Path, results: Path, chosen: Iterable[str] | None = None) -> list[dict[str, Any]]:
    """Returns all papers as plain data: claims, scales, costs, and what is known of each claim."""
    return [_described(load(folder, name), results) for name in chosen or names(folder)]


def _plain(entry: Mapping[str, Any]) -> list[dict[str, float] | None]:
    """Returns a claim's intervals; of a record that has none, from its values."""
    found = intervals.effects_of(entry["kind"], entry["values"])
    return [each and each._asdict() for each in found]


def records(
    folder: Path, results: Path, chosen: Iterable[str] | None = None
) -> dict[str, dict[str, Any]]:
    """Returns "NAME/SCALE" -> the record, of a folder's papers or applications that have one."""
    found = {}
    for name in chosen or names(folder):
        for scale in load(folder, name).paper.scales:
            record = read(results / name / f"{scale}.json")
            if record is not None:
                found[f"{name}/{scale}"] = record
    return found


def _described(entry: PaperFile, results: Path) -> dict[str, Any]:
    scales = {}
    for scale in entry.paper.scales:
        found = read(results / entry.name / f"{scale}.json")
        entries = (found or {}).get("claims", ())
        states = {claim.text: state_of(claim, scale, found) for claim in entry.claims}
        judged = [state for state in states.values() if state != "not at this scale"]
        scales[scale] = {
            "cost": entry.paper.costs[scale],
            "run": found is not None,
            "dirty": is_dirty(found or {}),
            "seconds": (found or {}).get("seconds"),
            "device": (found or {}).get("device"),
            "claims": len(judged),
            "passed": judged.count("pass"),
            "failed": judged.count("fail"),
            "states": states,
            "ours": {e["claim"]: e["ours"] for e in entries},
            "effects": {e["claim"]: _plain(e) for e in entries},
            "comparisons": intervals.comparisons(entries),
            "tally": intervals.tally(entries)._asdict(),
        }
    return {
        "name": entry.name,
        "kind": entry.kind,
        "title": entry.paper.title,
        "scales": scales,
        "claims": [
            {
                "claim": claim.text,
                "paper": claim.paper,
                "source": claim.source,
                "reliability": claim.reliability,
                "kind": claim.criterion.kind,
                "criterion": claim.criterion.text,
                "scales": list(claim.scales),
                "state": {scale: scales[scale]["states"][claim.text] for scale in claim.scales},
            }
            for claim in entry.claims
        ],
    }
