"""Where results came from: git's trees, runs of a work directory, and what is refused."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from aejax import data
from aejax.errors import ConfigError
from aejax.reproduce import Measured, Task, origin, table
from aejax.reproduce.tasks import Context, run_tasks
from aejax.results import environment
from aejax.sweep import base

ROOT = Path(__file__).parents[2]


def git(root: Path, *args: str) -> str:
    told = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false")
    command = ("git", "-C", str(root), *told, *args)
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def clone(tmp_path):
    root = tmp_path / "clone"
    root.mkdir()
    git(root, "init", "-q")
    (root / ".gitignore").write_text("runs/\n")
    (root / "code.py").write_text("x = 1\n")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "first")
    return root


def test_a_commit_is_dirty_by_changed_and_by_new_files_but_results(clone, tmp_path):
    head = git(clone, "rev-parse", "HEAD")
    assert environment.commit_of(clone) == head
    for name in ("results/linear/small.json", "runs/rows.jsonl"):
        (clone / name).parent.mkdir(parents=True)
        (clone / name).write_text("{}")
    assert environment.commit_of(clone) == head
    (clone / "new.py").write_text("")
    assert environment.commit_of(clone) == head + "+dirty"
    (clone / "new.py").unlink()
    (clone / "code.py").write_text("x = 2\n")
    assert environment.commit_of(clone) == head + "+dirty"
    assert environment.commit_of(clone / "results") is None  # in somebody else's repository
    assert environment.commit_of(tmp_path) is None


def test_a_dirty_tree_is_refused_where_the_clone_keeps_results(clone, tmp_path):
    kept, ignored, away = clone / "results", clone / "runs" / "results", tmp_path / "results"
    with pytest.raises(ConfigError, match="--allow_dirty") as error:
        origin.check_tree(kept, False, "abc+dirty", clone)
    assert "\n" not in str(error.value)
    origin.check_tree(kept, True, "abc+dirty", clone)
    for out, commit in ((ignored, "abc+dirty"), (away, "abc+dirty"), (kept, "abc"), (kept, None)):
        origin.check_tree(out, False, commit, clone)


def rows_of(workdir: Path, count: int) -> None:
    path = workdir / origin.ROWS[1]
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        file.write("{}\n" * count)


def test_runs_that_make_rows_are_recorded_and_no_others(tmp_path):
    workdir = tmp_path / "work"
    with origin.recorded(workdir):
        pass
    assert not workdir.exists()
    with origin.recorded(workdir):
        (begun,) = origin.read_runs(workdir)  # a killed run has this one
        assert begun["wall_seconds"] is begun["rows"] is None
        rows_of(workdir, 2)
    with contextlib.suppress(KeyboardInterrupt), origin.recorded(workdir):
        rows_of(workdir, 1)
        raise KeyboardInterrupt
    with origin.recorded(workdir):
        pass
    runs = origin.read_runs(workdir)
    assert [run["rows"] for run in runs] == [2, 1]
    assert all(run["wall_seconds"] >= 0 for run in runs)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    assert runs[0]["machine"]["cores"] == cores
    assert runs[0]["machine"]["load"] >= 0
    assert runs[0]["machine"]["processor"]
    assert runs[0]["versions"]["numpy"] == np.__version__
    (workdir / "runs.json").write_text("{}")
    with pytest.raises(ConfigError, match="is no list of runs"):
        origin.read_runs(workdir)


def test_rows_know_what_they_read_and_a_document_all_of_it(tmp_path):
    def measure(context, point):
        context.dataset("digits", test_size=point["n"])
        return Measured({"n": point["n"]})

    context = Context(base("smoke", name="mine"), tmp_path, None, [])
    listed = [Task({"task": "read", "n": n}, measure) for n in (5, 6)]
    rows = run_tasks("mine", listed, context, tmp_path, Console(file=io.StringIO()))
    prints = [
        data.load("digits", test_fraction=0.2, valid_fraction=0.1, test_size=n).fingerprint
        for n in (5, 6)
    ]
    assert [row["data"] for row in rows] == [{"digits": [print_]} for print_ in prints]
    swept = {"dataset": "mnist", "spec": {"data": "f00"}, "git": None}
    found = origin.described([*rows, swept], [{"wall_seconds": 1.5}, {"wall_seconds": 2.0}])
    assert found["data"] == {"digits": sorted(prints), "mnist": ["f00"]}
    assert origin.data_of([{"data": {"/home/me/faces.npz": ["f01"]}}]) == {"faces.npz": ["f01"]}
    assert found["wall_seconds"] == 3.5
    assert origin.described(rows, [{"wall_seconds": None}])["wall_seconds"] is None
    assert origin.commits_of([swept, {"git": "a+dirty"}]) == ["a+dirty", "no commit"]


@pytest.mark.parametrize(
    ("record", "dirty"),
    [
        ({"commit": "a"}, False),
        ({"commit": "a+dirty"}, True),
        ({"commit": ["a", "b+dirty"]}, True),
        ({"commit": "a", "judged_at": "b+dirty"}, True),
        ({"commit": "no commit", "judged_at": "no commit"}, False),
    ],
)
def test_every_table_says_that_the_tree_was_dirty(record, dirty):
    assert origin.is_dirty(record) == dirty
    scale = {
        "cost": "1 s", "run": True, "seconds": 1.0, "claims": 1, "passed": 1, "failed": 0,
        "ours": {"c": 1.0}, "effects": {}, "dirty": origin.is_dirty(record),
    }  # fmt: skip
    claim = {
        "claim": "c",
        "paper": 1,
        "reliability": "P",
        "kind": "level",
        "state": {"small": "pass"},
    }
    entry = {"name": "mine", "scales": {"small": scale}, "claims": [claim]}
    out = io.StringIO()
    Console(file=out, width=200).print(table.index_table([entry]))
    assert ("dirty tree" in out.getvalue()) == dirty
    assert ("pass, dirty tree |" in table.markdown([entry])) == dirty


def copy_of_the_source(root: Path) -> Path:
    for name in ("aejax", "configs", "experiments"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    (root / ".gitignore").write_text("__pycache__/\nruns/\n")
    return root


def reproduce(root: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "experiments.reproduce", "linear", "--scale=smoke", *options]
    command.append("--nofigures")
    return subprocess.run(command, cwd=root, capture_output=True, text=True)


def test_the_command_in_a_copy_a_dirty_clone_and_a_clean_one(tmp_path):
    root = copy_of_the_source(tmp_path / "copy")
    path = root / "results" / "linear" / "smoke.json"

    def record():
        found = json.loads(path.read_text())
        shutil.rmtree(root / "runs")
        path.unlink()
        return found

    done = reproduce(root)
    assert done.returncode == 0, done.stderr
    found = record()
    assert found["commit"] == found["judged_at"] == "no commit"
    assert found["data"]
    assert found["wall_seconds"] == found["runs"][0]["wall_seconds"] > 0
    git(root, "init", "-q")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "first")
    (root / "aejax" / "mine.py").write_text("")
    done = reproduce(root)
    assert (done.returncode, len(done.stderr.strip().splitlines())) == (2, 1)
    assert "--allow_dirty" in done.stderr
    assert not (root / "runs").exists()
    done = reproduce(root, "--allow_dirty")
    assert done.returncode == 0, done.stderr
    assert "scale smoke, dirty tree" in done.stdout
    head = git(root, "rev-parse", "HEAD")
    assert record()["commit"] == head + "+dirty"
    (root / "aejax" / "mine.py").unlink()
    assert reproduce(root).returncode == 0
    command = [sys.executable, "-m", "experiments.reproduce", "--audit"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True)
    assert done.returncode == 1, done.stderr
    assert "linear/smoke: does not say what selected" in done.stdout
    assert record()["commit"] == head
    path.parent.rmdir()
    for options in ([], ["linear"]):
        done = subprocess.run([*command, *options], cwd=root, capture_output=True, text=True)
        assert (done.returncode, len(done.stderr.strip().splitlines())) == (2, 1)
