"""A sweep of models that are told something: by the data set's labels, in every split."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

import aejax
from aejax.errors import ConfigError
from aejax.sweep import base, grid, make_plan, run
from aejax.sweep.plan import data_of

SHORT = {"steps": 4, "batch_size": 32, "train_size": 100, "test_size": 40, "model": "vae"}
SMALL = {"args.latent": 2, "args.widths": (8,)}
ROOT = Path(__file__).parents[2]


def config(**fields):
    return base("smoke", **(SHORT | SMALL | fields))


def test_labels_are_the_condition_and_networks_are_swept():
    points = grid(**{"args.net": ["dense", "conv"], "args.condition": [0, 10], "seed": range(2)})
    plan = make_plan(config(), points)
    assert (plan.size, len(plan.groups)) == (8, 4)
    (digits,) = plan.datasets.values()
    for group in plan.groups:
        rows = data_of(digits, "valid", group.model)
        if dict(group.spec.args)["condition"]:
            np.testing.assert_array_equal(rows.condition, digits.valid_labels)
            rows = rows.values
        assert rows is digits.valid


def test_labels_that_are_no_condition_are_refused_before_anything_compiles(tmp_path):
    with pytest.raises(
        ConfigError, match=r"dataset='digits', train labels holds \d in row \d+.*0 to 2"
    ):
        make_plan(config(**{"args.condition": 3}))
    rows = np.random.default_rng(0).integers(0, 256, (90, 6, 6), dtype=np.uint8)
    np.save(tmp_path / "rows.npy", rows)
    own = {"dataset": str(tmp_path / "rows.npy"), "train_size": None, "test_size": None}
    with pytest.raises(ConfigError, match=r"has no labels\. Allowed: condition=0"):
        make_plan(config(**own, **{"args.condition": 3}))
    with pytest.raises(ConfigError, match=r"args\.net='conv' in the sweep: model 'linear'"):
        make_plan(config(), grid(model=["linear"], **{"args.net": ["conv"]}))


def test_rows_members_and_commands_read_the_condition(tmp_path):
    plan = make_plan(config(**{"args.condition": 10}), grid(seed=range(2)))
    rows = run(plan, tmp_path / "w", Console(quiet=True)).rows
    member = aejax.open(tmp_path / "w").best()
    (row,) = [row for row in rows if row["seed"] == member.seed]
    (digits,) = plan.datasets.values()
    score = aejax.score(member, digits.test, condition=digits.test_labels)
    found = row["metrics"]["test_mse_per_image"]
    np.testing.assert_allclose(score["mse_per_image"].mean(), found, rtol=1e-5)
    np.save(tmp_path / "x.npy", digits.test)
    np.save(tmp_path / "y.npy", digits.test_labels)
    command = [sys.executable, "-m", "experiments.apply", f"--workdir={tmp_path / 'w'}"]

    def applied(*flags):
        said = [*command, *flags, f"--output={tmp_path / 'out.npz'}"]
        return subprocess.run(said, cwd=ROOT, capture_output=True, text=True, check=False)

    of_rows = ("--do=encode", f"--input={tmp_path / 'x.npy'}")
    done = applied(*of_rows, f"--condition={tmp_path / 'y.npy'}")
    assert done.returncode == 0, done.stderr
    right = aejax.encode(member, digits.test, condition=digits.test_labels)
    with np.load(tmp_path / "out.npz") as out:
        np.testing.assert_allclose(out["codes"], right, atol=1e-5)
    done = applied("--do=sample", "--count=3", "--condition=7")
    assert done.returncode == 0, done.stderr
    with np.load(tmp_path / "out.npz") as out:
        right = aejax.sample(member, 3, condition=7)
        np.testing.assert_allclose(out["samples"], right, atol=1e-2)
    for flags, says in (
        (of_rows, "condition is missing"),
        ((*of_rows, "--condition=10"), "holds 10"),
    ):
        done = applied(*flags)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1)
        assert says in done.stderr
