"""Claims and heartbeats: one worker a population, whatever dies, sleeps or looks meanwhile."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import subprocess
import sys
import threading
import time

import pytest

from aejax import io
from aejax.results import claims, workers
from aejax.results.claims import Claims, holders
from aejax.results.workers import Pulse, Watch


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def elsewhere(workdir, name="far", beat=1, host="other", **fields):
    """Writes the file of a worker of another machine."""
    said = {
        "name": name, "kind": "worker", "place": [host, "", ""], "pid": 1, "since": None,
        "beat": beat, "at": time.time(), "unit": "u", "members": 1, "step": 0, "steps": 1,
        "member_steps": 0, "seconds": 1.0, **fields,
    }  # fmt: skip
    io.write_whole(workdir / workers.FOLDER / f"{name}.json", json.dumps(said))


@pytest.fixture(params=["links", "no links"])
def disk(request, monkeypatch):
    """A file system with hard links, and one without."""
    if request.param == "no links":

        def refuse(*names):
            raise OSError(errno.EOPNOTSUPP, "no links here")

        monkeypatch.setattr(os, "link", refuse)


@pytest.mark.usefixtures("disk")
def test_of_many_that_try_one_makes_the_file(tmp_path):
    for i in range(20):
        made, gate = [], threading.Barrier(8)

        def attempt(text, path=tmp_path / f"{i}", gate=gate, made=made):
            gate.wait()
            if io.make_once(path, text):
                made.append(text)

        threads = [threading.Thread(target=attempt, args=(str(n),)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [(tmp_path / f"{i}").read_text()] == made
    assert not list(tmp_path.glob("*.part"))


def test_other_errors_of_links_are_not_swallowed(tmp_path, monkeypatch):
    def full(*names):
        raise OSError(errno.ENOSPC, "no space")

    monkeypatch.setattr(os, "link", full)
    with pytest.raises(OSError, match="no space"):
        io.make_once(tmp_path / "a", "text")
    assert not list(tmp_path.iterdir())


def test_a_lost_answer_of_a_server_is_no_other_process(tmp_path, monkeypatch):
    """NFS may make the link, lose the answer, try again, and find its own link."""
    link = os.link

    def twice(source, target):
        link(source, target)
        link(source, target)

    monkeypatch.setattr(os, "link", twice)
    assert io.make_once(tmp_path / "a", "mine")
    assert (tmp_path / "a").read_text() == "mine"


@pytest.mark.usefixtures("disk")
def test_a_claim_of_the_living_stands_and_one_of_the_ended_does_not(tmp_path):
    first, second = Pulse(tmp_path), Pulse(tmp_path)
    a, b = (Claims(tmp_path, pulse.name, Watch(tmp_path)) for pulse in (first, second))
    assert a.take("unit", holders(tmp_path))
    assert not b.take("unit", holders(tmp_path))
    assert a.take("unit", holders(tmp_path))  # ours still
    first.close()
    assert b.take("unit", holders(tmp_path))
    assert b.mine("unit")
    assert not a.mine("unit")  # who was only thought to be dead sees it
    second.close()
    assert not list((tmp_path / workers.FOLDER).iterdir())


def test_a_killed_process_of_this_machine_is_dead_at_once(tmp_path):
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    place, since = [*workers.here()], workers.begun(process.pid)
    elsewhere(tmp_path, "near", place=place, pid=process.pid, since=since)
    watch = Watch(tmp_path)
    assert watch.alive("near")
    elsewhere(tmp_path, "later", place=place, pid=process.pid, since="another process")
    assert not watch.alive("later")  # the number was given away since
    process.kill()
    process.communicate()
    assert not watch.alive("near")


def test_of_another_machine_who_is_heard_is_alive(tmp_path):
    """By our own clock: theirs may be hours off."""
    clock = Clock()
    watch = Watch(tmp_path, silent_seconds=60, clock=clock)
    elsewhere(tmp_path, beat=1)
    for beat in range(1, 5):
        elsewhere(tmp_path, beat=beat)
        assert watch.alive("far")
        clock.now += 59
        assert watch.alive("far")
    clock.now += 2
    assert not watch.alive("far")
    elsewhere(tmp_path, beat=99)  # it was only asleep
    assert watch.alive("far")


def test_a_process_number_of_another_machine_says_nothing(tmp_path):
    """A container elsewhere may have this host's name, and a process of this number be here."""
    place = workers.here()
    watch = Watch(tmp_path)
    for host in (place.host, "other"):
        elsewhere(tmp_path, host=host, pid=2**22 + 1)  # no such process here
        assert watch.alive("far")


def test_two_that_see_the_same_death_do_not_both_take_over(tmp_path):
    elsewhere(tmp_path)
    clock = Clock()
    dead = Claims(tmp_path, "far", Watch(tmp_path))
    assert dead.take("unit", {})
    crew = [Claims(tmp_path, name, Watch(tmp_path, silent_seconds=5, clock=clock)) for name in "ab"]
    held = holders(tmp_path)
    assert not any(one.take("unit", held) for one in crew)
    clock.now = 6.0
    held = holders(tmp_path)
    assert [one.take("unit", held) for one in crew] == [True, False]
    assert holders(tmp_path)["unit"].worker == "a"
    assert not dead.mine("unit")


def test_a_claim_that_was_never_written_is_taken_over_in_the_end(tmp_path):
    """Its maker was killed between making and writing, where there are no links."""
    (tmp_path / claims.FOLDER).mkdir()
    (tmp_path / claims.FOLDER / "unit.1").touch()
    clock = Clock()
    mine = Claims(tmp_path, "a", Watch(tmp_path, silent_seconds=5, clock=clock), clock)
    assert not mine.take("unit", holders(tmp_path))
    clock.now = 4.0
    assert not mine.take("unit", holders(tmp_path))
    clock.now = 6.0
    assert mine.take("unit", holders(tmp_path))


def test_units_with_dots_and_failures_are_told_apart(tmp_path):
    for unit in ("vae-1", "vae-1.2", "vae-1.2.3"):
        assert Claims(tmp_path, unit, Watch(tmp_path)).take(unit, {})
    claims.fail(tmp_path, "vae-1.2", "OOM")
    assert {u: c.worker for u, c in holders(tmp_path).items()} == {
        u: u for u in ("vae-1", "vae-1.2", "vae-1.2.3")
    }
    assert all(Claims(tmp_path, u, Watch(tmp_path)).mine(u) for u in ("vae-1", "vae-1.2"))
    assert claims.failures(tmp_path) == {"vae-1.2": "OOM"}
    claims.clear(tmp_path)
    assert holders(tmp_path) == claims.failures(tmp_path) == {}


def test_a_pulse_beats_tells_and_makes_no_removed_folder_again(tmp_path):
    workdir = tmp_path / "sweep"
    pulse = Pulse(workdir, beat_seconds=0.02)
    pulse.begin("unit", members=3, steps=10)
    pulse.advance(4)
    until = time.monotonic() + 5
    while (said := workers.read(workdir, pulse.name)) and said.member_steps != 12:
        assert time.monotonic() < until
    assert said is not None
    assert (said.unit, said.step, said.steps, said.pid) == ("unit", 4, 10, os.getpid())
    for path in (workdir / workers.FOLDER, workdir):
        for file in path.glob("*"):
            file.unlink()
        with contextlib.suppress(OSError):  # a beat has come between
            path.rmdir()
    time.sleep(0.1)
    pulse.close()
