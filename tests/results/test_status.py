"""How far a sweep is, counted by hand in directories that are made for it."""

from __future__ import annotations

import json
import os

import pytest

from aejax.io import write_whole
from aejax.results import batches, claims, planned, shards, workers
from aejax.results.batches import Batch
from aejax.results.planned import Planned, PlannedGroup
from aejax.results.status import duration, in_words, status


def row(name, group):
    return {
        "id": name, "group": group, "model": "m", "seed": 0, "status": "ok", "members": 2,
        "step": 100, "seconds": {"compile": 3.0, "run": 1.0, "evaluate": 1.0},
    }  # fmt: skip


@pytest.fixture
def workdir(tmp_path):
    """Four groups of two members and 100 steps: done, in results; done, in a shard; and two."""
    groups = [PlannedGroup(name, (f"{name}1", f"{name}2"), 100) for name in "abcd"]
    planned.write(tmp_path, Planned("test:small", tuple(groups)))
    for name in "abcd":
        members = tuple({"id": f"{name}{i}", "hp": {}, "seed": i} for i in (1, 2))
        batches.write(tmp_path, Batch(name, name, members))
    lines = [json.dumps(row(name, "a")) + "\n" for name in ("a1", "a2")]
    (tmp_path / "results.jsonl").write_text("".join(lines))
    shards.write(tmp_path, "b", [row("b1", "b"), row("b2", "b")])
    return tmp_path


def at_work(workdir, unit="c", step=50, member_steps=0, **fields):
    said = {
        "name": "w", "kind": "worker", "place": list(workers.here()), "pid": os.getpid(),
        "since": workers.begun(os.getpid()), "beat": 1, "at": workers.time.time(), "unit": unit,
        "members": 2, "step": step, "steps": 100, "member_steps": member_steps, "seconds": 10.0,
        **fields,
    }  # fmt: skip
    write_whole(workdir / workers.FOLDER / f"{said['name']}.json", json.dumps(said))


def test_nobody_works(workdir):
    found = status(workdir)
    assert found.groups == {"done": 2, "running": 0, "waiting": 2, "failed": 0}
    assert found.members == {"done": 4, "all": 8}
    assert found.member_steps == {"done": 400, "all": 800}
    assert (found.workers, found.steps_per_second, found.seconds_left) == (0, None, None)
    assert in_words(found) == ("4 groups: 2 done, 0 running, 2 waiting; 4 of 8 members; 0 workers")


def test_a_worker_at_half_of_a_group(workdir):
    at_work(workdir, member_steps=200)
    found = status(workdir)
    assert found.groups == {"done": 2, "running": 1, "waiting": 1, "failed": 0}
    assert found.member_steps == {"done": 500, "all": 800}
    assert found.steps_per_second == pytest.approx(20.0)  # 200 in 10 s
    assert found.seconds_left == pytest.approx(15.0)
    assert [(one.unit, one.step) for one in found.running] == [("c", 50)]
    assert "20 steps a second; ends in about 15 s (" in in_words(found)


def test_a_worker_that_has_just_begun_is_taken_for_a_usual_one(workdir):
    at_work(workdir, step=0)
    found = status(workdir)
    assert found.steps_per_second == pytest.approx(40.0)  # two groups, each 200 in 5 s
    assert found.seconds_left == pytest.approx(10.0)


@pytest.mark.parametrize(
    "fields", [{"since": "another process"}, {"place": ["far", "", ""], "at": 0.0}]
)
def test_the_dead_do_not_count(workdir, fields):
    at_work(workdir, member_steps=200, **fields)
    assert status(workdir).workers == 0
    assert status(workdir).groups["running"] == 0


def test_what_broke_off_is_told(workdir):
    claims.fail(workdir, "d", "XlaRuntimeError: out of memory")
    found = status(workdir)
    assert found.groups == {"done": 2, "running": 0, "waiting": 1, "failed": 1}
    assert found.failed == {"d": "XlaRuntimeError: out of memory"}
    assert json.loads(json.dumps(found.to_dict()))["failed"] == found.failed


def test_a_batch_that_grew_is_its_groups(workdir):
    batches.write(workdir, Batch("c.2", "c", ({"id": "c9", "hp": {}, "seed": 9},)))
    at_work(workdir, unit="c.2", member_steps=200)
    assert status(workdir).groups["running"] == 1


def test_a_directory_of_an_older_version_is_counted_by_its_populations(workdir):
    (workdir / planned.FILE).unlink()
    found = status(workdir)
    assert found.groups == {"done": 2, "running": 0, "waiting": 2, "failed": 0}


def test_bad_directories_are_one_line(tmp_path, workdir):
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="has no sweep"):
        status(tmp_path / "empty")
    with pytest.raises(ValueError, match="Did you mean 'empty'"):
        status(tmp_path / "empti")
    (workdir / planned.FILE).write_text("{")
    with pytest.raises(ValueError, match=r"plan.json cannot be read"):
        status(workdir)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(5, "5 s"), (119, "119 s"), (600, "10 min"), (9000, "2.5 h"), (200_000, "2.3 days")],
)
def test_durations(seconds, text):
    assert duration(seconds) == text
