"""experiments.reproduce from end to end: rows, figures, verdicts, going on, and bad input."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from aejax.data.scaling import Scale
from aejax.errors import ConfigError
from aejax.reproduce import Measured, Task, papers
from aejax.reproduce.claim import PAPER_SCALES
from aejax.reproduce.tasks import Context, arrays_of, run_tasks
from aejax.results.store import read_rows
from aejax.results.variables import load_variables, save_variables
from aejax.sweep import base
from tests.sweep.common import quiet

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "configs" / "papers"


def script(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "experiments.reproduce", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


@pytest.mark.slow
def test_the_smoke_of_a_paper_ends_with_claims_and_figures(tmp_path):
    options = ("--scale=smoke", f"--workdir={tmp_path}/work", f"--results_dir={tmp_path}/results")
    done = script("linear", *options)
    assert done.returncode == 0, done.stderr
    assert "3 of 3 claims pass" in done.stdout
    found = json.loads((tmp_path / "results" / "linear" / "smoke.json").read_text())
    assert found["judged"] == found["passed"] == 3
    assert found["versions"]["jax"]
    figures = sorted((tmp_path / "results" / "linear" / "figures").glob("*.png"))
    assert [p.name for p in figures] == [
        "kunin_landscape-smoke.png",
        "principal_directions-smoke.png",
    ]
    assert all(path.stat().st_size < 200_000 for path in figures)
    again = script("linear", *options, "--nofigures")
    assert again.returncode == 0
    assert "compiling" not in again.stdout  # nothing is trained or measured a second time
    assert json.loads((tmp_path / "results" / "linear" / "smoke.json").read_text()) == found


def test_the_index_is_json():
    done = script("--list", "--json")
    assert done.returncode == 0, done.stderr
    entries = json.loads(done.stdout)
    groups = {"paper": FOLDER, "application": FOLDER.parent / "applications"}
    for kind, folder in groups.items():
        listed = {entry["name"] for entry in entries if entry["kind"] == kind}
        assert listed == set(papers.names(folder))
    for entry in entries:
        needed = {"smoke", "small"} | ({"paper"} if entry["kind"] == "paper" else set())
        assert needed <= set(entry["scales"]) <= set(PAPER_SCALES)
        assert all(found["cost"] for found in entry["scales"].values())
        for claim in entry["claims"]:
            assert claim["source"]
            assert set(claim["state"]) == set(claim["scales"]) <= set(entry["scales"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["linea"], "Did you mean 'linear'?"),
        (["linear", "--scale=smal"], "Did you mean 'small'?"),
        (["linear", "--scale=medium"], "Allowed: smoke, small, paper."),
        ([], "Allowed: --list, or one of"),
        (["linear", "linear"], "is no one name"),
        (["linear", "--scal=smoke"], "scal"),
    ],
)
def test_bad_input_ends_with_status_2_and_one_line(arguments, said):
    done = script(*arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def paper(folder: Path, text: str) -> Path:
    (folder / "mine.py").write_text(text)
    return folder


def test_a_paper_s_file_without_its_parts_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="has no PAPER"):
        papers.load(paper(tmp_path, "x = 1"), "mine")
    head = "PAPER, get_config, claims = None, None, None\n"
    with pytest.raises(ConfigError, match="neither sweep nor tasks"):
        papers.load(paper(tmp_path, head), "mine")


def context(tmp_path) -> Context:
    return Context(base("smoke", name="mine"), tmp_path, None, [])


def test_a_task_is_done_once_and_a_half_written_one_again(tmp_path):
    runs = []

    def measure(context, point):
        runs.append(point["k"])
        return [
            Measured({"error": point["k"] + seed}, {"seed": seed}, {"curve": np.full(2, seed)})
            for seed in range(2)
        ]

    tasks = [Task({"task": "probe", "k": k}, measure) for k in (1, 2)]
    rows = run_tasks("mine", tasks, context(tmp_path), tmp_path, quiet(100))
    assert [row["metrics"]["error"] for row in rows] == [1.0, 2.0, 2.0, 3.0]
    assert [row["seed"] for row in rows] == [0, 1, 0, 1]
    assert run_tasks("mine", tasks, context(tmp_path), tmp_path, quiet(100)) == rows
    assert runs == [1, 2]
    np.testing.assert_array_equal(arrays_of(tmp_path, rows)[rows[3]["id"]]["curve"], [1, 1])
    # A power cut after the first row of the second task: that task runs again, the other does not.
    path = tmp_path / "tasks" / "results.jsonl"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:3]))
    again = run_tasks("mine", tasks, context(tmp_path), tmp_path, quiet(100))
    assert runs == [1, 2, 2]
    assert [row["id"] for row in again] == [row["id"] for row in rows]
    assert len(read_rows(path)[0]) == 4


def test_a_later_task_reads_an_earlier_one_s_rows(tmp_path):
    def last(context, point):
        (row,) = context.select(task="first")
        return Measured({"twice": 2 * row["metrics"]["value"]})

    tasks = [
        Task({"task": "first"}, lambda context, point: Measured({"value": 21.0})),
        Task({"task": "second"}, last),
    ]
    rows = run_tasks("mine", tasks, context(tmp_path), tmp_path, quiet(100))
    assert rows[-1]["metrics"] == {"twice": 42.0}


def test_tasks_have_names_and_differ(tmp_path):
    task = Task({"task": "a"}, lambda context, point: Measured({}))
    for tasks in ([task, task], [task._replace(point={"k": 1})]):
        with pytest.raises(ConfigError, match="stands twice, or its point has no 'task'"):
            run_tasks("mine", tasks, context(tmp_path), tmp_path, quiet(100))


def test_variables_come_back_as_they_were(tmp_path):
    variables = {
        "params": {"a": {"w": np.arange(6.0).reshape(3, 2)}, "b": np.ones(3)},
        "extra": {},
    }
    path = tmp_path / "variables" / "g.npz"
    save_variables(path, ["x", "y", "z"], variables, Scale(False, 0.0, 1.0))
    whole = load_variables(path)
    assert whole["extra"] == {}
    np.testing.assert_array_equal(whole["params"]["a"]["w"], variables["params"]["a"]["w"])
    np.testing.assert_array_equal(load_variables(path, ["z", "x"])["params"]["a"]["w"][0], [4, 5])
    with pytest.raises(ConfigError, match="has no member 'q'"):
        load_variables(path, ["q"])
    with pytest.raises(ConfigError, match="keep_variables other than none"):
        load_variables(tmp_path / "none.npz")
    with pytest.raises(ConfigError, match="cannot be kept"):
        save_variables(path, ["x"], {"params": (1, 2)}, Scale(False, 0.0, 1.0))
