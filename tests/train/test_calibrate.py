"""The executor of a long run is the fastest one that was timed, and is remembered."""

import json

import jax.numpy as jnp
import pytest

from aejax import backend, models
from aejax.train.checkpoint import Checkpoint
from aejax.train.plan import Job, cost
from aejax.train.population import choice, timing
from aejax.train.recipe import Recipe, hparams_of
from aejax.train.run import train
from tests.train.test_step import X

MEMBERS = jnp.ones((12, 3))


@pytest.fixture(autouse=True)
def kept(monkeypatch, tmp_path):
    monkeypatch.setattr(timing, "_memory", {})
    monkeypatch.setattr(timing, "notes", lambda: tmp_path / "executors.json")
    return tmp_path / "executors.json"


def double(member, shared):
    return member * 2 + shared


def timed_as(seconds, asked):
    def clock(choice, fn, members, shared):
        asked.append(choice)
        return seconds[choice]

    return clock


def test_candidates_fit_the_memory():
    assert timing.candidates(512, 1000) == [
        ("vmap", 512), ("map", 64), ("map", 8), ("map", 1),
    ]  # fmt: skip
    assert timing.candidates(512, 100) == [("map", 64), ("map", 8), ("map", 1)]
    assert timing.candidates(4, 1000) == [("vmap", 4), ("map", 1)]
    assert timing.candidates(4, 1) == [("map", 1)]


def test_the_fastest_wins_and_a_second_run_times_nothing(kept, monkeypatch):
    seconds = {("vmap", 12): 3.0, ("map", 8): 1.0, ("map", 1): 2.0}
    asked = []
    clock = timed_as(seconds, asked)
    assert timing.fastest(double, MEMBERS, 0.0, 100, clock) == ("map", 8)
    assert sorted(asked) == sorted(seconds)
    monkeypatch.setattr(timing, "_memory", {})  # another process
    assert timing.fastest(double, MEMBERS, 0.0, 100, clock) == ("map", 8)
    assert len(asked) == len(seconds)
    # Another program and another size are other questions.
    timing.fastest(lambda m, s: m - s, MEMBERS, 0.0, 100, clock)
    assert len(asked) == 2 * len(seconds)
    assert len(json.loads(kept.read_text())) == 2


def test_a_broken_note_is_replaced(kept):
    kept.write_text("{")
    clock = timed_as({("vmap", 12): 1.0, ("map", 8): 2.0, ("map", 1): 2.0}, [])
    assert timing.fastest(double, MEMBERS, 0.0, 100, clock) == ("vmap", 12)
    assert len(json.loads(kept.read_text())) == 1


def job(members, **fields):
    model, recipe = models.undercomplete(12, latent=3, widths=(8,)), Recipe(20, 16)
    hp = {n: jnp.full(members, v, jnp.float32) for n, v in hparams_of(model, recipe).items()}
    return Job(model, recipe, hp, jnp.arange(members, dtype=jnp.int32), 20, **fields)


def test_a_short_run_is_not_timed(kept):
    never = lambda: pytest.fail("timed")
    assert choice.choose("auto", 4, cost(job(4), X), None, never) == ("vmap", 4)
    assert not kept.exists()


def test_a_long_run_is_timed_and_trains_to_the_same(kept, monkeypatch):
    monkeypatch.setitem(backend.WORTH_TIMING, "cpu", 0.0)
    timed = train(job(4), X)
    assert len(json.loads(kept.read_text())) == 1
    by_rule = train(job(4, executor="vmap"), X)
    for name, curve in by_rule.curves.items():
        assert timed.curves[name] == pytest.approx(curve, rel=1e-4)


@pytest.mark.parametrize("text", ["null", "[1]", '{"k": 3}', '{"k": ["map"]}', "[" * 100_000, ""])
def test_strange_notes_are_no_notes(kept, text):
    kept.write_text(text)
    assert timing.recall("k") is None
    timing.remember("other", ("map", 1))
    assert timing.recall("other") == ("map", 1)


def test_a_resumed_run_keeps_its_executor(tmp_path, monkeypatch):
    class Killed(Exception):
        pass

    def kill(step, means):
        raise Killed

    monkeypatch.setattr(choice, "SIDE_BY_SIDE_PARAMS", {"cpu": 0})
    checkpoint = Checkpoint(tmp_path / "run")
    with pytest.raises(Killed):
        train(job(4), X, checkpoint=checkpoint, on_chunk=kill)
    monkeypatch.undo()  # the rule would say vmap now
    assert train(job(4), X, checkpoint=checkpoint).executor == "map"
    checkpoint.delete()
    assert list(tmp_path.iterdir()) == []
