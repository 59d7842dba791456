"""A disk that is full in the middle: one line with the file, and the same command ends well."""

from __future__ import annotations

import builtins
import errno
import functools
import io
import json
import pathlib

import numpy as np
import pytest

from aejax.errors import _BAD_PATHS, one_line
from aejax.figures import FIGURES
from aejax.figures.output import save
from aejax.io import becoming
from aejax.sweep import base, grid, make_plan, run
from tests.sweep.common import quiet, stable


class FullDisk(io.FileIO):
    """A file on a disk with little room: what fits is written, the rest is an error."""

    filled = 0
    room = 700  # less than a row, an array's header, a figure

    def write(self, data):
        fits = memoryview(data).cast("B")[: max(self.room - self.filled, 0)]
        self.filled += len(fits)
        super().write(fits)
        if len(fits) < memoryview(data).nbytes:
            raise OSError(errno.ENOSPC, "No space left on device")
        return len(fits)


@pytest.fixture
def full(monkeypatch):
    """Returns `fill(pattern)`: files with that in their name lie on a full disk, until `undo`."""
    plain = {io: io.open, builtins: builtins.open}

    def fill(pattern: str, room: int = FullDisk.room):
        def opened(file, mode="r", *args, **kwargs):
            meant = isinstance(file, str | pathlib.Path) and pattern in str(file)
            if not meant or not set(mode) & set("wa"):
                return plain[io](file, mode, *args, **kwargs)
            raw = FullDisk(file, mode.replace("b", "").replace("t", ""))
            raw.room = room
            return raw if "b" in mode else io.TextIOWrapper(raw, write_through=True)

        for module in plain:
            monkeypatch.setattr(module, "open", opened)

    fill.undo = monkeypatch.undo
    return fill


@functools.cache  # one plan: what it compiled is compiled
def plan():
    config = base(
        "smoke", model="undercomplete", steps=4, train_size=60, test_size=20, eval_every=2,
        batch_size=20, checkpoint_seconds=0.0,
        **{"args.latent": 2, "args.widths": (4,), "images": 2, "samples": 2, "codes": 20},
    )  # fmt: skip
    return make_plan(config, grid(seed=range(3)))


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    return run(plan(), tmp_path_factory.mktemp("whole"), quiet()).rows


def halves(workdir):
    return [path for path in workdir.rglob("*") if path.name.endswith((".part", ".tmp"))]


@pytest.mark.parametrize("where", ["config.json", "groups", "arrays", "variables", "results.jsonl"])
def test_the_disk_is_full_under_a_sweep(tmp_path, full, undisturbed, where):
    file = where if "." in where else f"{tmp_path}/w/{where}"
    full(file, 40)
    with pytest.raises(OSError, match="No space left") as caught:
        run(plan(), tmp_path / "w", quiet())
    full.undo()
    line = one_line(caught.value)
    assert "\n" not in line
    assert where in line
    assert caught.value.errno not in _BAD_PATHS  # status 1: nothing is wrong with the command
    assert not halves(tmp_path), "room that the next write needs"
    again = run(plan(), tmp_path / "w", quiet())
    assert stable(again.rows) == stable(undisturbed)
    with np.load(next((tmp_path / "w" / "arrays").glob("*.npz"))) as arrays:
        assert len(arrays["ids"]) == 3


def test_the_disk_is_full_between_two_rows(tmp_path, full, undisturbed):
    """One row is there, the second is cut: the first stays byte by byte."""
    full("results.jsonl", len(json.dumps(undisturbed[0])) * 3 // 2)
    with pytest.raises(OSError, match="No space left"):
        run(plan(), tmp_path / "w", quiet())
    full.undo()
    begun = (tmp_path / "w" / "results.jsonl").read_bytes()
    first = begun.splitlines(keepends=True)[0]
    assert begun.count(b"\n") == 1
    assert len(begun) > len(first)
    again = run(plan(), tmp_path / "w", quiet())
    assert again.dropped is not None
    assert stable(again.rows) == stable(undisturbed)
    assert (tmp_path / "w" / "results.jsonl").read_bytes().startswith(first)


def test_the_disk_is_full_under_a_checkpoint(tmp_path, undisturbed, capfd):
    """Orbax writes in C++: the kernel's own limit stands for the disk here."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, before[1]))
    try:
        with pytest.raises(OSError, match="File too large") as caught:
            run(plan(), tmp_path / "w", quiet())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert "checkpoints" in one_line(caught.value)
    assert capfd.readouterr().err.count("\n") < 3
    assert stable(run(plan(), tmp_path / "w", quiet()).rows) == stable(undisturbed)


@pytest.mark.parametrize("kind", ["png", "pdf", "csv"])
def test_the_disk_is_full_under_a_figure(tmp_path, full, undisturbed, kind):
    drawn = FIGURES["summary"](undisturbed, {})
    full(f".summary.{kind}")
    with pytest.raises(OSError, match="No space left") as caught:
        save(drawn, tmp_path, "summary")
    full.undo()
    assert f"summary.{kind}" in one_line(caught.value)
    assert not halves(tmp_path)
    assert not (tmp_path / f"summary.{kind}").exists()
    assert len(save(drawn, tmp_path, "summary")) == 3


def test_an_old_file_stays_where_the_new_one_has_no_room(tmp_path, full):
    path = tmp_path / "kept.txt"
    path.write_text("old")
    full("kept.txt")
    with pytest.raises(OSError, match="No space left") as caught, becoming(path) as part:
        part.write_text("new" * 700)
    assert caught.value.filename == str(path)
    assert path.read_text() == "old"
    assert not halves(tmp_path)
