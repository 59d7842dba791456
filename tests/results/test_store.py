"""The work directory: whole rows only, one writer, one owner."""

from __future__ import annotations

import errno
import json
import os
import socket

import numpy as np
import pytest

from aejax.results import batches, lock
from aejax.results.batches import Batch
from aejax.results.owner import Owner
from aejax.results.store import Store, ended, read_rows

CONFIG = {"name": "test", "steps": 5}


def open_store(path, config_hash="a", config=CONFIG):
    return Store(path, Owner(config_hash, config))


def test_rows_are_appended_once(tmp_path):
    store = open_store(tmp_path)
    store.append([{"id": "1", "metrics": {}}, {"id": "2", "metrics": {}}])
    store.append([{"id": "2", "metrics": {}}, {"id": "3", "metrics": {}}])
    store.close()
    rows, _, broken = read_rows(tmp_path / "results.jsonl")
    assert [row["id"] for row in rows] == ["1", "2", "3"]
    assert broken is None
    again = open_store(tmp_path)
    assert again.done == {"1", "2", "3"}
    again.close()


@pytest.mark.parametrize(
    "tail", [b'{"id": "3", "met', b'{"id": "3", "metrics": {}}', b"\x00\xff\n"]
)
def test_a_broken_last_line_is_dropped_and_said(tmp_path, tail):
    store = open_store(tmp_path)
    store.append([{"id": "1"}, {"id": "2"}])
    store.close()
    with (tmp_path / "results.jsonl").open("ab") as file:
        file.write(tail)
    again = open_store(tmp_path)
    assert again.dropped is not None
    assert again.done == {"1", "2"}
    again.append([{"id": "3"}])
    again.close()
    assert [row["id"] for row in read_rows(tmp_path / "results.jsonl")[0]] == ["1", "2", "3"]


def test_a_broken_line_in_the_middle_is_an_error_and_nothing_is_touched(tmp_path):
    open_store(tmp_path).close()
    text = b'{"id": "1"}\nnonsense\n{"id": "2"}\n'
    (tmp_path / "results.jsonl").write_bytes(text)
    with pytest.raises(ValueError, match=r"results.jsonl, line 2 is no row"):
        open_store(tmp_path)
    assert (tmp_path / "results.jsonl").read_bytes() == text


def test_another_config_is_refused_by_field(tmp_path):
    open_store(tmp_path).close()
    with pytest.raises(ValueError, match=r"another config \(steps: 5 there, 6 here\)"):
        open_store(tmp_path, "b", {"name": "test", "steps": 6})
    assert json.loads((tmp_path / "config.json").read_text())["config_hash"] == "a"


def test_a_second_process_is_refused(tmp_path):
    first = open_store(tmp_path)
    with pytest.raises(ValueError, match=r"in use by process \d+ of"):
        open_store(tmp_path)
    first.close()
    open_store(tmp_path).close()


def test_foreign_folders_are_refused(tmp_path):
    (tmp_path / "results.jsonl").write_text("{}\n")
    with pytest.raises(ValueError, match=r"no config.json"):
        open_store(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match=r"is a file"):
        open_store(tmp_path / "file")
    other = tmp_path / "other"
    other.mkdir()
    (other / "config.json").write_text("{")
    with pytest.raises(ValueError, match=r"config.json cannot be read"):
        open_store(other)


def test_arrays_are_whole_or_absent(tmp_path):
    store = open_store(tmp_path)
    store.save_arrays("g", {"a": np.arange(3)})
    assert [p.name for p in (tmp_path / "arrays").iterdir()] == ["g.npz"]
    np.testing.assert_array_equal(np.load(tmp_path / "arrays" / "g.npz")["a"], [0, 1, 2])
    store.close()


def test_a_row_never_holds_nan(tmp_path):
    store = open_store(tmp_path)
    with pytest.raises(ValueError, match="Out of range float"):
        store.append([{"id": "1", "metrics": {"x": float("nan")}}])
    store.close()


def written(path, *lines):
    open_store(path).close()
    batches.write(path, Batch("g", "g", ({"id": "1", "hp": {}, "seed": 0},)))
    (path / "results.jsonl").write_text("".join(f"{line}\n" for line in lines))


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"id": "1"}', "line 2 .*id='1' stands in line 1 already"),
        ('{"id": ["1"]}', r"line 2 .*id=\['1'\]"),
        ('{"id": "2", "group": "g"}', "line 2 .*id='2' is no member of 'g'"),
        ("[" * 100_000, "line 2 .*brackets"),
    ],
)
def test_damaged_rows_are_one_line_with_their_number(tmp_path, line, reason):
    written(tmp_path, '{"id": "1", "group": "g"}', line, '{"id": "3"}')
    before = (tmp_path / "results.jsonl").read_bytes()
    with pytest.raises(ValueError, match=reason) as caught:
        open_store(tmp_path)
    assert len(str(caught.value)) < 400
    assert (tmp_path / "results.jsonl").read_bytes() == before
    with pytest.raises(ValueError, match=reason):  # what --dry_run reads
        ended(tmp_path, Owner("a", CONFIG))


def test_a_dry_run_checks_rows_against_their_population(tmp_path):
    open_store(tmp_path).close()
    batches.write(tmp_path, Batch("g", "g", ({"id": "1", "hp": {}, "seed": 0},)))
    (tmp_path / "results.jsonl").write_text('{"id": "1", "group": "g"}\n')
    assert ended(tmp_path, Owner("a", CONFIG)) == {"1"}
    (tmp_path / "results.jsonl").write_text('{"id": "2", "group": "g"}\n{"id": "1"}\n')
    with pytest.raises(ValueError, match=r"line 1 .*id='2' is no member of 'g'"):
        ended(tmp_path, Owner("a", CONFIG))


def test_what_a_kill_left_is_swept_up(tmp_path):
    written(tmp_path, '{"id": "1", "group": "g"}')
    batches.write(tmp_path, Batch("h", "h", ({"id": "2", "hp": {}, "seed": 0},)))
    halves = [
        "config.json.12.part",
        "arrays/g.tmp",
        "figures/.curves.png.12.part",
        "checkpoints/g.json.7.part",
        "checkpoints/g/3/data",
        "checkpoints/g.json",
    ]
    whole = ["checkpoints/h/3/data", "checkpoints/h.json", "arrays/g.npz", "figures/curves.png"]
    for name in halves + whole:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    open_store(tmp_path).close()
    assert not [name for name in halves if (tmp_path / name).exists()]
    assert all((tmp_path / name).exists() for name in whole)
    assert not (tmp_path / "checkpoints" / "g").exists()


@pytest.fixture(params=["ENOLCK", "EOPNOTSUPP", "ENOSYS"])
def no_locks(request, monkeypatch):
    number = getattr(errno, request.param)

    def flock(handle, how):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(lock.fcntl, "flock", flock)


def test_without_locks_of_the_system_a_file_is_one(tmp_path, no_locks):
    first = open_store(tmp_path)
    with pytest.raises(ValueError, match=rf"in use by process {os.getpid()} of .*delete .*owner"):
        open_store(tmp_path)
    first.close()
    open_store(tmp_path).close()
    assert not (tmp_path / ".lock.owner").exists()


@pytest.mark.parametrize("no_locks", ["ENOLCK"], indirect=True)
def test_the_file_of_a_process_that_has_ended_is_taken_over(tmp_path, no_locks):
    owner = {"host": socket.gethostname(), "pid": os.getpid(), "begun": "12"}  # a number used again
    (tmp_path / ".lock.owner").write_text(json.dumps(owner))
    open_store(tmp_path).close()
    (tmp_path / ".lock.owner").write_text(json.dumps(owner | {"host": "elsewhere"}))
    with pytest.raises(ValueError, match="of elsewhere"):
        open_store(tmp_path)
    (tmp_path / ".lock.owner").write_text("{")
    with pytest.raises(ValueError, match="in use by another process"):
        open_store(tmp_path)
    assert not list(tmp_path.glob("*.part"))


def test_other_errors_of_locks_are_no_other_process(tmp_path, monkeypatch):
    def flock(handle, how):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(lock.fcntl, "flock", flock)
    with pytest.raises(OSError, match="Input/output"):
        open_store(tmp_path)
