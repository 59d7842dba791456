"""Checkpoints that are damaged, of another program, or of another number of devices."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from aejax import models
from aejax.errors import ConfigError
from aejax.train import fingerprint, tree
from aejax.train.checkpoint import Checkpoint, _digest, _same
from aejax.train.plan import Job, plan_of
from aejax.train.recipe import Recipe, hparams_of
from aejax.train.run import train

X = np.random.RandomState(0).rand(64, 12).astype(np.float32)
MODEL = models.vae(12, latent=3, widths=(8,))
STEPS, EVERY = 12, 3


class Killed(Exception):
    pass


def job(lr: float = 1e-3) -> Job:
    recipe = Recipe(STEPS, 16)
    hp = {n: np.full(2, v, np.float32) for n, v in hparams_of(MODEL, recipe).items()}
    return Job(MODEL, recipe, hp | {"lr": np.full(2, lr, np.float32)}, np.arange(2), EVERY, "vmap")


@pytest.fixture
def stopped(tmp_path):
    """A run that was killed in its last chunk: there are checkpoints at steps 6 and 9."""

    def kill(step, means):
        if step == STEPS:
            raise Killed

    checkpoint = Checkpoint(tmp_path / "run")
    with pytest.raises(Killed):
        train(job(), X, checkpoint=checkpoint, checkpoint_seconds=0, on_chunk=kill)
    checkpoint.close()
    assert sorted(p.name for p in (tmp_path / "run").iterdir()) == ["2", "3"]
    return tmp_path / "run"


@pytest.fixture(scope="module")
def whole():
    return train(job(), X)


def go_on(folder, whole, changed="restart", **fields):
    """Goes on; returns the first step after that, what was said, and the run."""
    said, steps = [], []
    again = train(
        job(**fields),
        X,
        checkpoint=Checkpoint(folder, said.append, changed),
        on_chunk=lambda step, means: steps.append(step),
    )
    if whole is not None:
        raw = lambda state: state._replace(key=jax.random.key_data(state.key))
        theirs = tree.flatten(raw(whole.state))
        for path, leaf in tree.flatten(raw(again.state)).items():
            np.testing.assert_array_equal(leaf, theirs[path], err_msg=path)
    assert all("\n" not in line for line in said)
    return steps[0], said, again


def files(folder):
    return sorted(path for path in folder.rglob("*") if path.is_file())


def flip(path, at):
    data = bytearray(path.read_bytes())
    if data:
        data[at % len(data)] ^= 1 << (at % 8)
    else:
        data = bytearray(b"x")
    path.write_bytes(data)


DAMAGE = {
    "a bit flipped": lambda path: flip(path, 77),
    "zeroed": lambda path: path.write_bytes(bytes(path.stat().st_size + 1)),
    "cut": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2] + b"\0"),
    "deleted": lambda path: path.unlink(),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_checkpoint_gives_way_to_the_one_before(damage, stopped, whole):
    for path in files(stopped / "3")[:: 1 if damage == "deleted" else 3]:
        DAMAGE[damage](path)
    first, said, _ = go_on(stopped, whole)
    assert first == 9  # the chunk from step 6
    assert said == ["checkpoint run/3 is damaged: run begins again at step 6"]


def test_every_file_of_a_checkpoint_is_watched(stopped):
    """One bit in any of them, and files too many."""
    check = Checkpoint(stopped)
    for path in files(stopped / "3"):
        whole = path.read_bytes()
        flip(path, 3)
        note = Checkpoint(stopped)
        assert note.note()
        assert not _same(stopped / "3", note._steps["3"]), path
        path.write_bytes(whole)
    assert check.note()
    assert check.latest() == 3
    (stopped / "3" / "more").write_text("x")
    assert check.latest() == 2


def test_both_damaged_begin_at_the_beginning(stopped, whole):
    for step in ("2", "3"):
        flip(files(stopped / step)[-1], 5)
    first, said, _ = go_on(stopped, whole)
    assert first == EVERY
    assert said == ["checkpoint run/3, run/2 is damaged: run begins again at step 0"]


@pytest.mark.parametrize("text", [b"", b"{", b"[" * 100_000, b"null", b"\xff", None])
def test_a_damaged_note_begins_at_the_beginning(text, stopped, whole):
    note = stopped.with_name("run.json")
    if text is None:
        note.unlink()
    else:
        note.write_bytes(text)
    first, said, _ = go_on(stopped, whole)
    assert first == EVERY
    assert said == ["checkpoint run.json is damaged: run begins again at step 0"]


def test_a_note_of_one_changed_digit_is_damaged(stopped, whole):
    note = stopped.with_name("run.json")
    note.write_text(note.read_text().replace('"chunk": 2', '"chunk": 1'))
    assert go_on(stopped, whole)[0] == EVERY


def test_renamed_and_exchanged_folders_are_damaged(stopped, whole):
    (stopped / "3").rename(stopped / "4")
    first, said, _ = go_on(stopped, whole)
    assert (first, len(said)) == (9, 1)


def test_a_save_that_was_killed_before_its_note_does_not_count(stopped, whole):
    note = stopped.with_name("run.json")
    said = json.loads(note.read_text())
    del said["told"]["steps"]["3"]
    note.write_text(json.dumps(said | {"sha256": _digest(said["told"])}))
    first, lines, _ = go_on(stopped, whole)
    assert (first, lines) == (9, [])


def test_another_program_begins_again(stopped, whole, monkeypatch):
    monkeypatch.setattr(fingerprint, "chunk_program", lambda *args: lambda m, table: m["hp"])
    first, said, again = go_on(stopped, whole)
    assert first == EVERY
    assert said == ["checkpoint of run at step 9 is of another program: it begins again at step 0"]
    assert again.continued == ()


def test_a_constant_of_the_loss_is_a_part_of_the_program():
    """A number in the code, an array that it closes over; the same code made twice is the same."""

    def print_of(change):
        scale = lambda *args: (lambda value, aux: (change(value), aux))(*MODEL.loss(*args))
        one = job()._replace(model=MODEL.replace(loss=scale))
        shape = jax.ShapeDtypeStruct(X.shape, X.dtype)
        plan = plan_of(one, X)
        return fingerprint.fingerprints(plan, one, shape, None, None, None)["program"]

    table = np.arange(3, dtype=np.float32)
    other = np.array([0, 1, 3], np.float32)
    prints = [
        print_of(change)
        for change in (
            lambda v: v * 1.0,
            lambda v: v * 1.5,
            lambda v: v * 1.25,
            lambda v: v * table[2] + jnp.asarray(table).sum(),
            lambda v: v * table[2] + jnp.asarray(other).sum(),
        )
    ]
    assert len(set(prints)) == 5
    assert print_of(lambda v: v * 1.5) == prints[1]


def test_what_went_on_under_another_program_says_so(stopped, monkeypatch):
    monkeypatch.setattr(fingerprint.metadata, "version", lambda name: "0.0")
    first, said, again = go_on(stopped, None, "continue")
    assert first == STEPS
    assert said == ["checkpoint of run: step 9: another jax, jaxlib since then; it goes on"]
    assert again.continued == ("step 9: another jax, jaxlib",)


def test_other_hyper_parameters_are_another_run(stopped):
    first, said, _ = go_on(stopped, train(job(lr=1e-2), X), lr=1e-2)
    assert first == EVERY
    assert said == ["checkpoint of run at step 9 is of another members: it begins again at step 0"]


def test_an_unknown_wish_is_one_line(stopped):
    with pytest.raises(ConfigError, match="Did you mean 'continue'"):
        go_on(stopped, None, "continu")


def test_a_full_disk_is_the_systems_error(tmp_path, capfd):
    """A library in C++ writes, whose errors are another's."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    checkpoint = Checkpoint(tmp_path / "run")
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        with pytest.raises(OSError, match="File too large") as caught:
            checkpoint.save(1, {"x": np.random.RandomState(0).rand(5000)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert caught.value.filename == str(tmp_path / "run")
    assert capfd.readouterr().err.count("\n") < 3
    assert Checkpoint(tmp_path / "run").latest() is None


DEVICES = """
import json, sys
import jax, numpy as np
from aejax import models
from aejax.evaluate.members import evaluator
from aejax.train import tree
from aejax.train.checkpoint import Checkpoint
from aejax.train.plan import Job
from aejax.train.recipe import Recipe, hparams_of
from aejax.train.run import train
from aejax.train.stopping import EarlyStopping

X = np.random.RandomState(0).rand(64, 12).astype(np.float32)
model, recipe = models.vae(12, latent=3, widths=(8,)), Recipe(12, 16)
report = {}
for members, executor in ((4, "vmap"), (5, "map")):
    hp = {n: np.full(members, v, np.float32) for n, v in hparams_of(model, recipe).items()}
    job = Job(model, recipe, hp, np.arange(members, dtype=np.int32), 4, executor)
    said, steps, folder = [], [], f"{sys.argv[1]}/{members}-{executor}"
    class Killed(Exception): pass
    def kill(step, means):
        steps.append(step)
        if sys.argv[2] == "stop" and step == 12: raise Killed
    try:
        given = {"checkpoint": Checkpoint(folder, said.append)} if sys.argv[2] != "whole" else {}
        done = train(job, X, valid=X[:10], measure=evaluator, stopping=EarlyStopping("loss"),
                     checkpoint_seconds=0, on_chunk=kill, **given)
    except Killed:
        continue
    assert done.recompiles == 0, "a save made JAX compile, e.g. slices of what lies on devices"
    leaves = jax.tree.leaves([done.state.variables, done.best, done.valid])
    bits = [np.asarray(leaf).tobytes().hex() for leaf in leaves]
    place = [done.parts, done.devices, steps, said, list(done.continued)]
    report[f"{members} {executor}"] = [*place, bits]
print("REPORT", json.dumps(report))
"""


def on(devices: int, folder, what: str) -> dict:
    settings = {
        "JAX_PLATFORMS": "cpu",
        "JAX_COMPILATION_CACHE_DIR": str(jax.config.jax_compilation_cache_dir),  # pyright: ignore
        "JAX_NUM_CPU_DEVICES": str(devices),
    }
    done = subprocess.run(
        [sys.executable, "-c", DEVICES, str(folder), what],
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.partition("REPORT ")[2])


@pytest.mark.parametrize(("begun", "then"), [(2, 1), (4, 2), (3, 2), (2, 4)])
def test_a_run_goes_on_bit_for_bit_on_other_devices(begun, then, tmp_path):
    """Its parts stay: fewer devices have several each, more are left alone.

    (Of this model. In some, a compiler for fewer devices rounds the same sums in another order.)
    """
    on(begun, tmp_path, "stop")
    whole, again = on(begun, tmp_path, "whole"), on(then, tmp_path, "go on")
    for name, (parts, devices, steps, said, continued, bits) in again.items():
        assert parts == whole[name][0]
        assert steps == [12]
        assert bits == whole[name][-1], name
        if devices == whole[name][1]:
            assert (said, continued) == ([], [])
        else:
            line = f"step 8: {devices} cpu devices, {whole[name][1]} cpu before"
            assert continued == [line]
            assert said == [
                f"checkpoint of {name.replace(' ', '-')}, {line}; "
                "it goes on, equal but for rounding"
            ]
