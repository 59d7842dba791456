"""Sweeps that are tracked: the same rows, each point once, whatever dies on the way."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from aejax.sweep import base, grid, make_plan, product, run, work
from aejax.trackers import Tracking, sending
from aejax.trackers.points import tracked
from tests.sweep.common import Stopped, quiet, stable, stop_at_the_second_chunk
from tests.trackers.fakes import Breaking, Kept


def plan(sizes=(2,), **fields):
    config = base(
        "smoke", steps=12, train_size=100, test_size=40, eval_every=4, batch_size=32,
        images=2, samples=2, codes=4, **{"args.widths": (8,)} | fields,
    )  # fmt: skip
    return make_plan(config, list(product(grid(**{"args.latent": sizes}), grid(seed=range(2)))))


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    return stable(run(plan(), tmp_path_factory.mktemp("alone"), quiet()).rows)


@pytest.fixture
def told():
    return []


@pytest.fixture
def tracking(tmp_path, told, monkeypatch):
    """Makes what a process has, of trackers that outlive it."""
    monkeypatch.setattr(sending, "EVERY_SECONDS", 0.0)
    return lambda **trackers: Tracking(trackers, tmp_path, told.append)


def check(kept: Kept, rows, workdir):
    """A run a row: all points of the arrays, once and in order, and the row's metrics last."""
    assert set(kept.runs) == {row["id"] for row in rows}
    for row in rows:
        found = kept.runs[row["id"]]
        assert [step for step, _ in found["points"]] == [4, 8, 12]
        with np.load(workdir / "arrays" / f"{row['group']}.npz") as arrays:
            i = list(arrays["ids"]).index(row["id"])
            for name in ("valid/mse_per_image", "valid/loss"):
                sent = [values[name] for _, values in found["points"]]
                np.testing.assert_array_equal(np.float32(sent), arrays[name][i])
            before = [arrays["curve_step"] < step for step in (4, 8, 12)]
            windows = [arrays["curve/loss"][i][at][-1] for at in before]
            sent = [values["train/loss"] for _, values in found["points"]]
            np.testing.assert_array_equal(np.float32(sent), windows)
        assert found["ends"] == [(12, row["metrics"], "ok")]
        config = found["member"].config
        assert config["seed"] == row["seed"]
        assert config["hp.lr"] == row["hp"]["lr"]
        assert config["args.latent"] == row["spec"]["args"]["latent"]


def test_rows_are_those_of_an_untracked_sweep_and_runs_have_them(alone, tracking, told, tmp_path):
    """A tracker that breaks off is said once, and gets the rest later, from the files."""
    whole, broken = Kept(), Breaking(after=3)
    rows = run(plan(), tmp_path, quiet(), tracking(one=broken, two=whole)).rows
    assert stable(rows) == alone
    check(whole, rows, tmp_path)
    assert sum(len(one["points"]) for one in broken.runs.values()) == 3
    assert told == [
        "tracker one broke off (ConnectionError: the server has gone); training goes on, the rows "
        "have all, and the same command sends the rest"
    ]
    broken.after, late = 10**6, Kept()
    assert run(plan(), tmp_path, quiet(), tracking(one=broken, two=whole, late=late)).fresh == 0
    for kept in (whole, broken, late):
        check(kept, rows, tmp_path)
    assert len(told) == 1


@pytest.mark.parametrize("seconds", [1e9, 0.0], ids=["told more than kept", "kept more than told"])
def test_a_resumed_sweep_goes_on_in_the_same_runs(alone, tracking, tmp_path, monkeypatch, seconds):
    calls = stop_at_the_second_chunk(monkeypatch)
    kept, eager = Kept(), plan(checkpoint_seconds=seconds)
    with pytest.raises(Stopped):
        run(eager, tmp_path, quiet(), tracking(one=kept))
    assert [len(one["points"]) for one in kept.runs.values()] == [1, 1]
    if not seconds:  # a tracker that was behind
        for one in kept.runs.values():
            one["points"].clear()
    rows = run(eager, tmp_path, quiet(), tracking(one=kept)).rows
    assert calls == ([4, 8, 4, 8, 12] if seconds else [4, 8, 8, 12])
    check(kept, rows, tmp_path)
    assert stable(rows) == alone


def test_workers_tell_what_each_has_trained(tracking, tmp_path):
    kept, the_plan = Kept(), plan(sizes=(2, 3))
    work(the_plan, tmp_path, quiet(), only=the_plan.groups[1].id, tracking=tracking(one=kept))
    assert len(kept.runs) == 2
    work(the_plan, tmp_path, quiet(), tracking=tracking(one=kept))
    rows = run(the_plan, tmp_path, quiet(), tracking(one=kept)).rows
    assert len(rows) == 4
    check(kept, rows, tmp_path)


def test_a_tracker_that_hangs_is_left_behind(tracking, told):
    hung, let_go = Kept(), threading.Event()
    hung.begin = lambda member: let_go.wait(60)
    one = tracking(one=hung)
    spec = {"model": "vae", "args": {}}
    one.begin([tracked("0123456789", "vae-aa", spec, {}, 3)])
    one.close(0.05)
    assert len(told) == 1
    assert "tracker one broke off (no answer for 0 s)" in told[0]
    let_go.set()
