"""Workers in one process, one after the other: what each leaves to the next, and the same table."""

from __future__ import annotations

import threading

import pytest

import aejax
from aejax.results import claims, lock
from aejax.results.store import Store, ended
from aejax.results.workers import Pulse
from aejax.sweep import base, execute, grid, make_plan, run, work
from tests.sweep.common import quiet, stable

SMALL = {
    "steps": 8, "train_size": 64, "test_size": 20, "eval_every": 4, "batch_size": 32,
    "images": 2, "samples": 2, "codes": 4, "args.widths": (8,), "args.latent": 2,
}  # fmt: skip


def plan(seeds=(0, 1), sizes=(2, 3), **fields):
    points = grid(**{"model": "undercomplete", "args.latent": sizes, "seed": seeds})
    return make_plan(base("smoke", **(SMALL | fields)), points)


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    return stable(run(plan(), tmp_path_factory.mktemp("alone"), quiet()).rows)


def test_groups_one_by_one_are_the_same_table(alone, tmp_path):
    the_plan = plan()
    first, second = (group.id for group in the_plan.groups)
    assert work(the_plan, tmp_path, quiet(), only=second).groups == 1
    found = aejax.open(tmp_path)  # with its arrays and variables, before anything is folded
    assert {row["group"] for row in found.rows} == {second}
    member = found.member(found.rows[0]["id"])
    assert aejax.encode(member, aejax.data.load("digits").test[:3]).shape == (3, 3)
    assert len(member.history["loss"]) > 0
    assert work(the_plan, tmp_path, quiet(), only=second).groups == 0
    assert work(the_plan, tmp_path, quiet()).groups == 1
    assert first != second
    again = run(the_plan, tmp_path, quiet())
    assert again.fresh == 0
    assert stable(again.rows) == alone == stable(aejax.open(tmp_path).rows)


def test_what_another_has_is_left_to_it_and_taken_over_once_it_has_ended(alone, tmp_path):
    the_plan = plan()
    other = Pulse(tmp_path)
    taken = claims.Claims(tmp_path, other.name, None)
    assert taken.take(the_plan.groups[0].id, {})
    left = work(the_plan, tmp_path, quiet(), wait=False)
    assert (left.groups, left.left) == (1, True)
    timer = threading.Timer(0.3, other.close)
    timer.start()
    assert work(the_plan, tmp_path, quiet()).groups == 1  # it stays, and takes over
    timer.join()
    assert stable(run(the_plan, tmp_path, quiet()).rows) == alone


def test_a_group_that_breaks_off_does_not_stop_the_others(alone, tmp_path, monkeypatch):
    the_plan = plan()
    bad = the_plan.groups[0].id
    train = execute.train

    def broken(job, *rest, **named):
        if named["checkpoint"].directory.name == bad:
            raise RuntimeError("RESOURCE_EXHAUSTED: out of memory")
        return train(job, *rest, **named)

    monkeypatch.setattr(execute, "train", broken)
    done = work(the_plan, tmp_path, quiet())
    assert done.groups == 1
    assert done.failed == {bad: "RuntimeError: RESOURCE_EXHAUSTED: out of memory"}
    assert work(the_plan, tmp_path, quiet()).groups == 0  # nobody tries it again
    monkeypatch.undo()
    Store(tmp_path, the_plan.owner).close()  # but the next start does
    assert work(the_plan, tmp_path, quiet()).groups == 1
    assert stable(run(the_plan, tmp_path, quiet()).rows) == alone


@pytest.mark.parametrize("error", [None, FileNotFoundError("a checkpoint that was swept up")])
def test_who_was_taken_for_dead_leaves_the_group_to_the_other(tmp_path, monkeypatch, error):
    the_plan = plan(sizes=(2,))
    (group,) = the_plan.groups
    monkeypatch.setattr("aejax.results.shared.CHECK_SECONDS", 0.0)
    other, calls = Pulse(tmp_path), []
    check = execute.Shared.check

    def late(self, unit):
        if not calls:  # at the end of its first chunk, another takes it
            (tmp_path / "claims" / f"{unit}.2").write_text(other.name)
        calls.append(unit)
        if error:
            raise error
        check(self, unit)

    monkeypatch.setattr(execute.Shared, "check", late)
    console = quiet()
    assert work(the_plan, tmp_path, console, wait=False).groups == 0
    assert "another has taken it over" in console.file.getvalue()
    assert ended(tmp_path, the_plan.owner) == set()
    assert calls == [group.id]
    other.close()


def test_more_seeds_are_more_populations(alone, tmp_path):
    work(plan(), tmp_path, quiet())
    assert work(plan(seeds=range(3)), tmp_path, quiet()).groups == 2
    rows = stable(run(plan(seeds=range(3)), tmp_path, quiet()).rows)
    assert len(rows) == 6
    assert {id: row for id, row in rows.items() if id in alone} == alone


def test_lost_files_are_made_again_by_whoever_comes(alone, tmp_path):
    work(plan(), tmp_path, quiet())
    (lost,) = (tmp_path / "arrays").glob(f"{plan().groups[0].id}.npz")
    before = lost.read_bytes()
    lost.unlink()
    assert work(plan(remake=True), tmp_path, quiet()).groups == 1
    assert lost.read_bytes() == before
    assert stable(run(plan(), tmp_path, quiet()).rows) == alone


def test_another_config_and_a_directory_that_one_has_alone_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("aejax.results.shared.PATIENCE_SECONDS", 0.0)
    store = Store(tmp_path, plan().owner)
    with pytest.raises(lock.InUse, match="in use by process"):
        work(plan(), tmp_path, quiet())
    store.close()
    with pytest.raises(ValueError, match="belongs to another config"):
        work(plan(steps=9), tmp_path, quiet())
    assert not list((tmp_path / "workers").iterdir())
