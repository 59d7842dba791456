"""A search in a folder: stopped anywhere, it ends as an undisturbed one; others are refused."""

from __future__ import annotations

import json
import shutil

import jax
import numpy as np
import pytest

import aejax
from aejax.errors import ConfigError
from aejax.results.lock import Lock
from aejax.search import choice, log_uniform, rungs
from aejax.train import run as training

X = np.random.default_rng(0).random((120, 12)).astype(np.float32)
MODEL = aejax.models.denoising(12, latent=4, widths=(8,))
SPACE = {"lr": log_uniform(1e-5, 1e-1), "corruption": choice([0.1, 0.5])}
COMMON = {"members": 9, "steps": 36, "batch_size": 16, "seed": 5, "valid": X[:20]}
WAYS = {
    "halving": (aejax.fit_search, {**COMMON, "least": 4}),
    "pbt": (aejax.fit_pbt, {**COMMON, "every": 9}),
}


class Killed(BaseException):
    """Stands for a signal."""


def same(a, b):
    assert a.trials == b.trials
    for one, other in zip(
        jax.tree.leaves(a.best.variables), jax.tree.leaves(b.best.variables), strict=True
    ):
        np.testing.assert_array_equal(one, other)


@pytest.fixture(scope="module", params=WAYS)
def way(request, tmp_path_factory):
    """How to search, what is found undisturbed, and the folder that it leaves."""
    search, given = WAYS[request.param]
    folder = tmp_path_factory.mktemp(request.param) / "search"
    return search, given, search(MODEL, X, SPACE, workdir=folder, **given), folder


def test_a_folder_changes_nothing(way):
    search, given, found, _ = way
    same(search(MODEL, X, SPACE, **given), found)


@pytest.mark.parametrize("stop", [1, 2, 3])
def test_a_search_that_was_stopped_ends_as_an_undisturbed_one(way, stop, tmp_path, monkeypatch):
    """Stopped before the rung `stop`, so that those before it are read back."""
    search, given, found, _ = way
    calls = []

    def dying(*args, **kwargs):
        calls.append(kwargs["until"])
        if len(calls) == stop:
            raise Killed
        return training.train(*args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(rungs, "train", dying)
        with pytest.raises(Killed):
            search(MODEL, X, SPACE, workdir=tmp_path / "search", **given)
    steps = []

    def counting(*args, **kwargs):
        done = training.train(*args, **kwargs, on_chunk=lambda step, _: steps.append(step))
        return done

    with monkeypatch.context() as patch:
        patch.setattr(rungs, "train", counting)
        same(search(MODEL, X, SPACE, workdir=tmp_path / "search", **given), found)
    # Nothing that was done is done again.
    assert min(steps) > (calls[-2] if stop > 1 else 0)


def test_a_search_that_has_ended_is_read_back(way, monkeypatch):
    search, given, found, folder = way
    monkeypatch.setattr("aejax.train.run._advance", None)
    same(search(MODEL, X, SPACE, workdir=folder, **given), found)


def test_a_damaged_rung_is_trained_again(way, tmp_path, caplog):
    search, given, found, folder = way
    hurt = tmp_path / "hurt"
    shutil.copytree(folder, hurt)
    last = max(hurt.glob("rung_*/"), key=lambda path: int(path.name[5:]) if path.is_dir() else 0)
    for path in sorted(last.rglob("*")):
        if path.is_file():
            path.write_bytes(path.read_bytes()[:-1] + b"!")
    same(search(MODEL, X, SPACE, workdir=hurt, **given), found)
    assert "damaged" in caplog.text


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"seed": 6}, "seed: 5 there, 6 here"),
        ({"members": 12}, "members: 9 there, 12 here"),
        ({"x": X + 0.001}, "data: "),
        ({"space": {"lr": log_uniform(1e-5, 1e-2)}}, "space: "),
        ({"batch_size": 8}, "batch_size: 16 there, 8 here"),
    ],
)
def test_another_search_is_refused_by_the_field(way, change, said, monkeypatch):
    search, given, _, folder = way
    monkeypatch.setattr(rungs, "train", None)
    with pytest.raises(ConfigError, match=f"is of another search .{said}") as error:
        search(MODEL, workdir=folder, **{"x": X, "space": SPACE, **given, **change})
    assert "\n" not in str(error.value)


def test_folders_that_are_none_of_a_search(way, tmp_path, monkeypatch):
    search, given, _, folder = way
    monkeypatch.setattr(rungs, "train", None)

    def refused(workdir, said):
        with pytest.raises(ConfigError, match=said) as error:
            search(MODEL, X, SPACE, workdir=workdir, **given)
        assert "\n" not in str(error.value)

    (tmp_path / "file").write_text("")
    refused(tmp_path / "file", "is no folder to write in")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("")
    refused(tmp_path / "mine", "has files and no search.json")
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / "search.json").write_text(json.dumps([1]))
    refused(tmp_path / "odd", "is not what a search has written")
    held = Lock(folder)
    refused(folder, "is in use by another process")
    held.close()


@pytest.mark.parametrize("there", [False, True])
def test_a_search_that_is_refused_leaves_nothing(way, there, tmp_path):
    search, given, _, _ = way
    if there:
        (tmp_path / "search").mkdir()
    late = {"least": 36} if "least" in given else {"every": 36}
    stages = aejax.models.stacked(12, widths=(8,), latent=4)  # a rung may be within a stage
    for model, change in ((MODEL, late), (stages, {name: 7 for name in late})):
        with pytest.raises(ConfigError):
            search(
                model, X, {"lr": SPACE["lr"]}, workdir=tmp_path / "search", **{**given, **change}
            )
        assert (tmp_path / "search").exists() == there
        assert not list(tmp_path.glob("search/*"))
