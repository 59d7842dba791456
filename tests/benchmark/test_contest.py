"""Contests: rates, ratios within rounds, and the record of a run."""

import json

import numpy as np
import pytest

from aejax import models
from aejax.benchmark import Round, compare, race, report
from aejax.benchmark.peers import peer_python
from aejax.benchmark.problems import dense_weights, images, initial, make_job
from aejax.benchmark.trainer import Trainer
from aejax.errors import ConfigError
from aejax.train import population
from aejax.train.run import train


class Scripted:
    """Takes the seconds that it was told to, on a slow machine twice as long in round 2."""

    def __init__(self, name, seconds):
        self.name, self.seconds, self.rounds = name, seconds, 0

    def round(self):
        self.rounds += 1
        return Round(self.seconds * (2 if self.rounds == 3 else 1), 10.0 + self.rounds)

    def close(self):
        return {"rounds": self.rounds}


def test_ratios_are_taken_within_rounds():
    lanes = race([Scripted("ours", 0.5), Scripted("theirs", 2.0)], work=10, rounds=5, rest=0)
    (case,) = compare("suite", "case", "steps/s", lanes)
    assert (case.ours, case.peer_value) == (20.0, 5.0)
    # The slow round slowed both: no ratio shows it.
    assert (case.ratio, case.ratio_low, case.ratio_high) == (4.0, 4.0, 4.0)
    assert case.detail["peer_said"]["rounds"] == 6  # the first is not counted
    assert case.detail["ours_final"] == 16.0


def test_the_record_is_read_back_and_compared(tmp_path):
    slow = compare("s", "c", "u", race([Scripted("a", 1), Scripted("b", 1)], 1, 2, rest=0))
    fast = compare("s", "c", "u", race([Scripted("a", 0.5), Scripted("b", 1)], 1, 2, rest=0))
    report.write(tmp_path / "old.json", slow)
    assert {"machine", "versions", "flags", "cases"} <= set(
        json.loads((tmp_path / "old.json").read_text())
    )
    drawn = report.comparison(report.read(str(tmp_path / "old.json")), fast)
    assert list(drawn.columns[3].cells) == ["2.00"]


def test_bad_files_are_named(tmp_path):
    with pytest.raises(ConfigError, match="compare='nowhere' is no file"):
        report.read("nowhere")
    (tmp_path / "x.json").write_text("{}")
    with pytest.raises(ConfigError, match="holds no benchmark"):
        report.read(str(tmp_path / "x.json"))
    with pytest.raises(ConfigError, match="peers='nowhere' is no file"):
        peer_python("nowhere")


def test_the_trainer_stops_after_each_round_and_trains_what_train_trains():
    model = models.undercomplete(16, latent=2, widths=(8,))
    job = make_job(model, steps=5, rounds=2, batch=8, members=2, executor="vmap")
    table = images(64, (16,))
    trainer = Trainer("ours", job, table)
    rounds = [trainer.round() for _ in range(3)]
    said = trainer.close()
    assert said["recompiles"] == 0
    assert said["members"] == 2
    undisturbed = train(job, table)
    np.testing.assert_allclose(
        rounds[-1].value, undisturbed.curves["loss"][:, -1].mean(), rtol=1e-6
    )


def test_the_peers_get_the_weights_that_the_seed_draws():
    model = models.undercomplete(16, latent=2, widths=(8,))
    weights = dense_weights(model, population.member(initial(model, 2), 1))
    assert [weights[f"w{i}"].shape for i in range(4)] == [(16, 8), (8, 2), (2, 8), (8, 16)]
