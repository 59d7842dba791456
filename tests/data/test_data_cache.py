"""The cache: instant, whole or not there, and never believed when it was touched."""

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

from aejax.data import cache
from aejax.data import dataset as datasets
from aejax.data.scratch import scratch

TRAIN = np.arange(60, dtype=np.uint8).reshape(5, 4, 3, 1)


def build(labels=None):
    return datasets.make("x", TRAIN, TRAIN[:2], labels)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "cache" / "x-1"


@pytest.fixture
def built(folder):
    """How often the data was built from scratch."""
    count = []

    def once_more():
        count.append(1)
        return build(np.arange(5, dtype=np.int32))

    cache.through(folder, "x", once_more)
    assert len(count) == 1
    return lambda: (cache.through(folder, "x", once_more), len(count))


def test_second_time_is_mapped_and_equal(built, folder):
    loaded, count = built()
    assert count == 1
    assert loaded.fingerprint == build(np.arange(5, dtype=np.int32)).fingerprint
    np.testing.assert_array_equal(loaded.train, TRAIN)
    np.testing.assert_array_equal(loaded.train_labels, np.arange(5))
    assert loaded.test_labels is None
    assert isinstance(loaded.train.base, np.memmap)
    assert not loaded.train.flags.writeable
    assert sorted(os.listdir(folder.parent)) == ["x-1"]  # no scratch folder is left


def test_an_untouched_cache_is_not_hashed_again(built, monkeypatch):
    monkeypatch.setattr(datasets, "fingerprint", lambda arrays: pytest.fail("hashed 55 MB again"))
    assert built()[1] == 1


def truncate(folder):
    os.truncate(folder / "train.npy", os.path.getsize(folder / "train.npy") - 1)


def empty(folder):
    os.truncate(folder / "test.npy", 0)


def remove(folder):
    (folder / "train_labels.npy").unlink()


def flip(folder):
    content = bytearray((folder / "train.npy").read_bytes())
    content[-1] ^= 1
    (folder / "train.npy").write_bytes(content)


def flip_and_keep_the_time(folder):
    status = (folder / "train.npy").stat()
    flip(folder)
    os.utime(folder / "train.npy", ns=(status.st_atime_ns, status.st_mtime_ns))


def cut_meta(folder):
    os.truncate(folder / "meta.json", 20)


def no_meta(folder):
    (folder / "meta.json").unlink()


def older_format(folder):
    meta = json.loads((folder / "meta.json").read_text())
    (folder / "meta.json").write_text(json.dumps(meta | {"format": 0}))


def foreign_meta(folder):
    (folder / "meta.json").write_text("[]")


def other_array(folder):
    np.save(folder / "train.npy", TRAIN[:, :2])


@pytest.mark.parametrize(
    "damage",
    [
        truncate,
        empty,
        remove,
        flip,
        flip_and_keep_the_time,
        cut_meta,
        no_meta,
        older_format,
        foreign_meta,
        other_array,
    ],
)
def test_damage_is_said_and_repaired(built, folder, caplog, damage):
    damage(folder)
    with caplog.at_level("WARNING"):
        loaded, count = built()
    assert count == 2
    assert "cannot be used" in caplog.text
    assert str(folder) in caplog.text
    np.testing.assert_array_equal(loaded.train, TRAIN)
    assert built()[1] == 2  # and then it is good again


def test_a_copied_cache_is_checked_and_believed(built, folder):
    shutil.copytree(folder, folder.parent / "copy", copy_function=shutil.copyfile)
    shutil.rmtree(folder)
    os.rename(folder.parent / "copy", folder)
    assert built()[1] == 1


def test_a_cache_that_cannot_be_written_is_no_failure(tmp_path, caplog):
    (tmp_path / "file").write_text("in the way")
    with caplog.at_level("WARNING"):
        loaded = cache.through(tmp_path / "file" / "x-1", "x", build)
    assert "cannot be written" in caplog.text
    np.testing.assert_array_equal(loaded.train, TRAIN)


def test_a_failure_while_writing_leaves_nothing(folder, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "save", full)
    cache.through(folder, "x", build)
    assert os.listdir(folder.parent) == []


def test_leftovers_of_killed_processes_go(folder):
    code = (
        "import pathlib, sys, time; from aejax.data.scratch import scratch\n"
        "with scratch(pathlib.Path(sys.argv[1])) as work: print(work, flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", code, str(folder.parent)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as other:
        try:
            work = other.stdout.readline().strip()
            cache.through(folder, "x", build)
            assert sorted(os.listdir(folder.parent)) == [os.path.basename(work), "x-1"]
        finally:
            other.kill()
    with scratch(folder.parent) as own:
        assert sorted(os.listdir(folder.parent)) == [own.name, "x-1"]
    assert os.listdir(folder.parent) == ["x-1"]


def test_leftovers_without_a_lock_go_when_they_are_old(folder):
    for name in (".aejax-tmp-old", ".aejax-new-old", ".aejax-new-fresh", ".aejax-else"):
        (folder.parent / name).mkdir(parents=True)
    for old in folder.parent.glob(".aejax-*-old"):
        os.utime(old, (0, 0))
    os.utime(folder.parent / ".aejax-else", (0, 0))
    cache.through(folder, "x", build)
    assert sorted(os.listdir(folder.parent)) == [".aejax-else", ".aejax-new-fresh", "x-1"]
