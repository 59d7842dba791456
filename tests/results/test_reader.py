"""A work directory as it may be found: cut off, damaged, foreign or missing."""

from __future__ import annotations

import json
import logging

import numpy as np
import pytest

from aejax.errors import ConfigError
from aejax.results import batches
from aejax.results.batches import Batch
from aejax.results.reader import Arrays, read_rows


def test_rows_are_read_in_order(fabricate):
    workdir, rows = fabricate()
    assert read_rows(workdir) == rows


DAMAGE = {
    "stands in line 1 already": lambda row: json.dumps({**row, "step": 99}),
    "id=\\['a'\\]": lambda row: json.dumps({**row, "id": ["a"]}),
    "without 'group'": lambda row: json.dumps({"id": "new"}),
    "brackets in brackets": lambda row: "[" * 100_000 + "]" * 100_000,
    "a list": lambda row: "[1]",
    "is no member of": lambda row: json.dumps({**row, "id": "stranger"}),
}


@pytest.mark.parametrize("reason", DAMAGE)
def test_a_damaged_row_is_one_line_with_its_number(fabricate, reason):
    workdir, rows = fabricate()
    for group in {row["group"] for row in rows}:
        members = [{"id": r["id"], "hp": {}, "seed": 0} for r in rows if r["group"] == group]
        batches.write(workdir, Batch(group, group, tuple(members)))
    lines = (workdir / "results.jsonl").read_text().splitlines()
    lines.insert(2, DAMAGE[reason](rows[0]))
    (workdir / "results.jsonl").write_text("\n".join(lines) + "\n")
    with pytest.raises(ConfigError, match=f"line 3 is no row of results .*{reason}") as caught:
        read_rows(workdir)
    assert len(str(caught.value)) < 500
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("tail", [b'{"id": "a1", "gro', b"\xff\xfe\x00", b"12", b'{"id": "a1"}'])
def test_a_corrupt_last_line_is_left_out_and_said(fabricate, caplog, tail):
    workdir, rows = fabricate()
    with (workdir / "results.jsonl").open("ab") as file:
        file.write(tail)
    with caplog.at_level(logging.WARNING):
        assert read_rows(workdir) == rows
    assert f"({len(rows) + 1}) is corrupt" in caplog.text


def test_a_corrupt_line_before_the_last_is_an_error_with_its_number(fabricate):
    workdir, _ = fabricate()
    lines = (workdir / "results.jsonl").read_text().splitlines()
    lines[1] = lines[1][:40]
    (workdir / "results.jsonl").write_text("\n".join(lines) + "\n")
    with pytest.raises(ConfigError, match="line 2"):
        read_rows(workdir)


def test_no_directory_names_the_nearest(tmp_path):
    (tmp_path / "quickstart").mkdir()
    with pytest.raises(ConfigError, match="Did you mean 'quickstart'"):
        read_rows(tmp_path / "quikstart")


@pytest.mark.parametrize("text", [None, "", "\n"])
def test_a_directory_without_results_is_an_error(tmp_path, text):
    if text is not None:
        (tmp_path / "results.jsonl").write_text(text)
    with pytest.raises(ConfigError, match="no results"):
        read_rows(tmp_path)


def test_a_member_gets_its_own_slice_and_what_the_group_shares(fabricate):
    workdir, rows = fabricate()
    arrays = Arrays(workdir / "arrays", rows)
    with np.load(workdir / "arrays" / "g-vae.npz") as file:
        for i, row in enumerate(rows[:6]):
            mine = arrays[row["id"]]
            np.testing.assert_array_equal(mine["codes"], file["codes"][i])
            np.testing.assert_array_equal(mine["inputs"], file["inputs"])
            np.testing.assert_array_equal(mine["labels"], file["labels"])
            assert set(mine) == set(file.files) - {"ids"}
    assert "noisy" not in arrays[rows[0]["id"]]
    assert len(arrays) == len(rows)


def test_an_array_is_read_once_a_group(fabricate, monkeypatch):
    workdir, rows = fabricate()
    arrays = Arrays(workdir / "arrays", rows)
    first = arrays[rows[0]["id"]]["codes"]
    monkeypatch.setattr(np, "load", lambda *args, **kwargs: pytest.fail("read again"))
    assert arrays[rows[1]["id"]]["codes"].base is first.base


def test_a_member_without_arrays_is_absent(fabricate):
    workdir, rows = fabricate()
    (workdir / "arrays" / "g-vae.npz").unlink()
    arrays = Arrays(workdir / "arrays", rows)
    assert rows[0]["id"] not in arrays
    assert rows[-1]["id"] in arrays
    assert "stranger" not in arrays


def test_a_truncated_file_is_named(fabricate):
    workdir, rows = fabricate()
    path = workdir / "arrays" / "g-vae.npz"
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(ConfigError, match=r"g-vae\.npz cannot be read"):
        Arrays(workdir / "arrays", rows)[rows[0]["id"]]
