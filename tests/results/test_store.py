"""The work directory: whole rows only, one writer, one owner."""

from __future__ import annotations

import json

import numpy as np
import pytest

from aejax.results.owner import Owner
from aejax.results.store import Store, read_rows

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
    with pytest.raises(ValueError, match=r"in use by another process"):
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
