"""A work directory takes more of what its config asks for, and nothing that contradicts it."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

import aejax
from aejax.figures import draw
from aejax.results.store import ended
from aejax.sweep import base, estimate, grid, make_plan, run
from tests.sweep.common import Stopped, quiet, stop_at_the_second_chunk

METRIC = "test_mse_per_image"
SMALL = {
    "steps": 12,
    "train_size": 100,
    "test_size": 40,
    "eval_every": 6,
    "batch_size": 32,
    "args.latent": 3,
    "args.widths": (8,),
    "images": 4,
    "codes": 8,
}


def plan(seeds=(0, 1), lr=(1e-3,), models=("undercomplete",), swept=None, **fields):
    config = base("smoke", **(SMALL | fields))
    points = grid(**{"model": models, "hp.lr": lr, "seed": seeds}, **(swept or {}))
    return make_plan(config, list(points))


def lines(workdir):
    return (workdir / "results.jsonl").read_bytes().splitlines(keepends=True)


def numbers(rows):
    return {row["id"]: row["metrics"] for row in rows}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    workdir = tmp_path_factory.mktemp("trained")
    run(plan(), workdir, quiet())
    return workdir


@pytest.fixture
def begun(trained, tmp_path):
    return shutil.copytree(trained, tmp_path / "begun")


def test_two_more_seeds_train_alone(begun, tmp_path_factory):
    before, arrays = lines(begun), {p: p.read_bytes() for p in (begun / "arrays").iterdir()}
    grown = plan(seeds=range(4))
    outcome = run(grown, begun, quiet())
    assert outcome.fresh == 2
    assert lines(begun)[:2] == before  # byte by byte
    assert all(path.read_bytes() == was for path, was in arrays.items())
    new = [json.loads(line) for line in lines(begun)[2:]]
    assert [row["seed"] for row in new] == [2, 3]
    assert [row["members"] for row in new] == [2, 2]
    old_group = json.loads(before[0])["group"]
    assert {row["group"] for row in new} == {f"{old_group}.2"}
    assert [row["seed"] for row in outcome.rows] == [0, 1, 2, 3]
    # The same members in a new folder, in one population: the same numbers, but for rounding.
    whole = numbers(run(grown, tmp_path_factory.mktemp("whole"), quiet()).rows)
    for name, metrics in numbers(outcome.rows).items():
        np.testing.assert_allclose(metrics[METRIC], whole[name][METRIC], rtol=1e-5)
    # New members are opened as the first ones are.
    opened = aejax.open(begun)
    kept = [opened.member(row["id"]) for row in (json.loads(before[0]), new[0])]
    codes = [aejax.encode(fitted, np.full((2, 8, 8, 1), 0.5, np.float32)) for fitted in kept]
    assert np.abs(codes[0] - codes[1]).max() > 1e-3
    # And once more: nothing is left to do, and a third time grows by the next number.
    assert run(grown, begun, quiet()).fresh == 0
    third = run(plan(seeds=range(5)), begun, quiet())
    assert third.rows[-1]["group"] == f"{old_group}.3"


@pytest.mark.parametrize(
    ("more", "fresh"),
    [
        ({"lr": (1e-3, 3e-3)}, 2),
        ({"models": ("undercomplete", "vae")}, 2),
        ({"swept": {"args.latent": [3, 5]}}, 2),
        ({"swept": {"steps": [12, 18]}}, 2),  # what is swept has no value of the whole sweep
        ({"images": 6, "codes": 12, "seeds": (0, 1, 2)}, 1),
        ({"seeds": (1,)}, 0),
    ],
)
def test_more_of_anything_that_tells_members_apart(begun, more, fresh):
    before = lines(begun)
    outcome = run(plan(**more), begun, quiet())
    assert outcome.fresh == fresh
    assert lines(begun)[:2] == before
    assert len(lines(begun)) == 2 + fresh
    assert outcome.others == 2 + fresh - len(outcome.rows)
    assert draw(begun)  # figures of both sizes, if need be
    assert run(plan(), begun, quiet()).fresh == 0  # and the old config still stands


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"steps": 18}, r"steps: 12 there, 18 here"),
        ({"batch_size": 20}, r"batch_size: 32 there, 20 here"),
        ({"train_size": 90}, r"train_size: 100 there, 90 here"),
        ({"optimizer": "sgd"}, r"optimizer: 'adam' there, 'sgd' here"),
    ],
)
def test_what_contradicts_is_refused_by_field_and_touches_nothing(begun, other, said):
    before = sorted((p, p.stat().st_mtime_ns) for p in begun.rglob("*") if p.is_file())
    for wanted in (plan(**other), plan(seeds=range(3), **other)):
        with pytest.raises(ValueError, match=said):
            run(wanted, begun, quiet())
        with pytest.raises(ValueError, match=said):  # a dry run says so as well
            ended(begun, wanted.owner)
    assert before == sorted((p, p.stat().st_mtime_ns) for p in begun.rglob("*") if p.is_file())


def test_another_content_of_the_same_file_is_refused(tmp_path):
    file, workdir = tmp_path / "mine.npy", tmp_path / "run"
    rows = np.random.default_rng(0).random((60, 9), np.float32)
    np.save(file, rows)
    mine = {"dataset": str(file), "train_size": None, "test_size": None, "args.widths": ()}
    run(plan(seeds=(0,), **mine), workdir, quiet())
    rows[3, 4] += 0.01
    np.save(file, rows)
    for seeds in ((0,), (0, 1)):
        with pytest.raises(ValueError, match=r"data of .*mine\.npy.*: fingerprint \w+ there, \w+"):
            run(plan(seeds=seeds, **mine), workdir, quiet())


def test_a_stopped_population_goes_on_whole_and_the_new_members_follow(tmp_path, monkeypatch):
    calls = stop_at_the_second_chunk(monkeypatch)
    eager = {"checkpoint_seconds": 0.0}
    with pytest.raises(Stopped):
        run(plan(**eager), tmp_path / "stopped", quiet())
    # Grown and shrunk since: seed 0 is no longer asked for, seed 2 is new.
    outcome = run(plan(seeds=(1, 2), **eager), tmp_path / "stopped", quiet())
    assert calls == [6, 12, 12, 6, 12]  # on from 6 with both members, then the new one alone
    undisturbed = run(plan(), tmp_path / "undisturbed", quiet())
    found = {r["id"]: r for r in map(json.loads, lines(tmp_path / "stopped"))}
    for row in undisturbed.rows:
        assert found[row["id"]]["metrics"] == row["metrics"]
    assert [row["seed"] for row in outcome.rows] == [1, 2]
    assert outcome.others == 1


def test_the_estimate_counts_what_is_missing(begun):
    grown = plan(seeds=range(4), models=("undercomplete", "vae"))
    entries = estimate(grown, ended(begun, grown.owner))
    assert [(e["members"], e["there"]) for e in entries] == [(4, 2), (4, 0)]
    assert estimate(plan(), ended(begun, plan().owner))[0]["about s"] == "0"


def test_a_damaged_list_of_members_is_one_line(begun):
    path = next((begun / "groups").iterdir())
    path.write_text('{"group": 1')
    with pytest.raises(ValueError, match=rf"{path.name} cannot be read"):
        run(plan(seeds=range(3)), begun, quiet())
