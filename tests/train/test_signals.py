"""Signals that end a run: a checkpoint, a line and a status; what goes on after it is equal."""

from __future__ import annotations

import os
import signal

import jax
import numpy as np
import pytest

from aejax import models
from aejax.train import signals, tree
from aejax.train.checkpoint import Checkpoint
from aejax.train.plan import Job
from aejax.train.recipe import Recipe, hparams_of
from aejax.train.run import train

X = np.random.RandomState(0).rand(64, 12).astype(np.float32)
MODEL = models.undercomplete(12, latent=3, widths=(8,))


@pytest.fixture(autouse=True)
def in_a_terminal():
    """Ctrl-C is ignored below a shell's background job, hanging up below nohup: a suite's too."""
    usual = {signal.SIGINT: signal.default_int_handler, signal.SIGHUP: signal.SIG_DFL}
    before = {number: signal.signal(number, handler) for number, handler in usual.items()}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def job() -> Job:
    recipe = Recipe(12, 16)
    hp = {n: np.full(2, v, np.float32) for n, v in hparams_of(MODEL, recipe).items()}
    return Job(MODEL, recipe, hp, np.arange(2), 3, "vmap")


def send(number: int, times: int = 1):
    def at(step, means):
        for _ in range(times):
            if step == 6:
                os.kill(os.getpid(), number)

    return at


@pytest.mark.parametrize(("name", "status"), [("SIGTERM", 143), ("SIGHUP", 129)])
def test_a_patient_signal_leaves_a_checkpoint_at_the_chunks_end(name, status, tmp_path, capsys):
    before = signal.getsignal(getattr(signal, name))
    checkpoint = Checkpoint(tmp_path / "run")
    with pytest.raises(SystemExit) as ended, signals.ending():
        train(job(), X, checkpoint=checkpoint, on_chunk=send(getattr(signal, name)))
    assert ended.value.code == status
    line = f"stopped by {name}: checkpoint of run at step 6; the same command goes on there\n"
    assert capsys.readouterr().err == line
    assert signal.getsignal(getattr(signal, name)) is before
    checkpoint.close()
    steps = []
    again = train(job(), X, checkpoint=checkpoint, on_chunk=lambda step, _: steps.append(step))
    assert steps == [9, 12]
    whole = tree.flatten(train(job(), X).state.variables)
    for path, leaf in tree.flatten(jax.device_get(again.state.variables)).items():
        np.testing.assert_array_equal(leaf, whole[path])


@pytest.mark.parametrize(
    ("name", "times", "keeps"), [("SIGINT", 1, True), ("SIGTERM", 2, True), ("SIGTERM", 1, False)]
)
def test_others_end_at_once(name, times, keeps, tmp_path, capsys):
    """Ctrl-C, a second signal, and where nothing is kept."""
    checkpoint = Checkpoint(tmp_path / "run") if keeps else None
    with pytest.raises(SystemExit) as ended, signals.ending():
        train(job(), X, checkpoint=checkpoint, on_chunk=send(getattr(signal, name), times))
    assert ended.value.code == 128 + getattr(signal, name)
    assert capsys.readouterr().err == f"stopped by {name}\n"
    assert not (tmp_path / "run").exists()


def test_what_a_library_makes_of_it_is_a_line_all_the_same(capsys):
    def call():
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        except signals.Stopped as error:
            raise RuntimeError("INTERNAL: callback") from error

    with pytest.raises(SystemExit) as ended, signals.ending():
        call()
    assert ended.value.code == 143
    assert capsys.readouterr().err == "stopped by SIGTERM\n"


def test_an_ignored_signal_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with signals.ending():
            os.kill(os.getpid(), signal.SIGHUP)
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_other_errors_are_as_they_were():
    with pytest.raises(ValueError, match="mine"), signals.ending():
        raise ValueError("mine")
    with pytest.raises(SystemExit) as ended, signals.ending():
        raise SystemExit(2)
    assert ended.value.code == 2
