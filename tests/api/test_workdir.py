"""A sweep opened: rows, best by validation, members as trained models; and the command apply."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

import aejax
from aejax.errors import ConfigError
from aejax.sweep import base, grid, make_plan, run
from aejax.sweep.keeping import kept_members

ROOT = Path(__file__).parents[2]
FIELDS = {"name": "t", "steps": 20, "eval_every": 10, "images": 2, "samples": 2, "codes": 4}
POINTS = grid(model=["vae", "undercomplete"], seed=[0, 1], **{"hp.lr": [1e-3, 1e-2]})


def swept(workdir, **fields):
    config = base("smoke", **FIELDS, **fields)
    plan = make_plan(config, POINTS)
    return plan, run(plan, workdir, Console(quiet=True))


@pytest.fixture(scope="module")
def workdir(tmp_path_factory):
    path = tmp_path_factory.mktemp("sweep") / "w"
    swept(path)
    return path


def test_the_best_is_by_validation_and_gives_the_rows_numbers(workdir):
    found = aejax.open(workdir)
    assert len(found) == 8
    assert len(found.frame()) == 8
    best = found.best()
    row = min(found.rows, key=lambda r: r["metrics"]["valid_mse_per_image"])
    assert (best.model.info.name, best.seed, best.hp) == (row["model"], row["seed"], row["hp"])
    test = aejax.data.load("digits", valid_fraction=0.1).test
    error = aejax.score(best, test)["mse_per_image"].mean()
    np.testing.assert_allclose(error, row["metrics"]["test_mse_per_image"], rtol=1e-4)
    assert len(best.history["loss"]) == len(best.history["step"])
    vae = found.best("valid_elbo_nats", model="vae", lr=1e-3)
    assert vae.hp["lr"] == pytest.approx(1e-3)
    assert aejax.sample(vae, 2).shape == (2, 8, 8, 1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda w: w.best("test_mse_per_image"), "by which nothing is selected"),
        (lambda w: w.best("valid_mse"), "is unknown"),
        (lambda w: w.best(modle="vae"), "Did you mean 'model'"),
        (lambda w: w.best(model="vee"), "no row"),
        (lambda w: w.member("nobody"), "is not in"),
        (lambda w: aejax.open(w.path / "none"), "is not a directory"),
    ],
)
def test_what_is_not_there_is_said(workdir, call, message):
    with pytest.raises(ConfigError, match=message) as caught:
        call(aejax.open(workdir))
    assert "\n" not in str(caught.value)


def test_a_diverged_member_and_one_without_variables_are_said(workdir, tmp_path):
    rows = [json.loads(line) for line in (workdir / "results.jsonl").read_text().splitlines()]
    rows[0] |= {"status": "diverged", "failed": {"step": 3, "term": "rec_nats"}}
    (tmp_path / "results.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = aejax.open(tmp_path)
    with pytest.raises(ConfigError, match="diverged at step 3 in 'rec_nats'"):
        found.member(rows[0]["id"])
    with pytest.raises(ConfigError, match="variables"):
        found.member(rows[1]["id"])


def test_of_each_variant_the_best_by_validation_is_kept(tmp_path):
    plan, _ = swept(tmp_path / "w", keep_variables="best")
    group = plan.groups[0]
    error = np.array([3.0, 1.0, np.nan, 2.0])
    lr = [m.hp["lr"] for m in group.members]
    kept = kept_members("best", group, error)
    assert sorted(lr[i] for i in kept) == pytest.approx([1e-3, 1e-2])
    for i in kept:
        same = [error[j] for j in range(4) if lr[j] == lr[i]]
        assert error[i] == np.nanmin(same)
    found = aejax.open(tmp_path / "w")
    assert found.best().model.info.name in ("vae", "undercomplete")
    with pytest.raises(ConfigError, match="keep_variables"):
        swept(tmp_path / "v", keep_variables="al")
    assert not (tmp_path / "v").exists()


def apply(*flags):
    command = [sys.executable, "-m", "experiments.apply", *map(str, flags)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def test_the_command_applies_the_best_member(workdir, tmp_path):
    x = aejax.data.load("digits").test[:6]
    np.save(tmp_path / "x.npy", x)
    at = [f"--workdir={workdir}", f"--input={tmp_path / 'x.npy'}"]
    done = apply(*at, "--do=encode", f"--output={tmp_path / 'c.npz'}")
    assert done.returncode == 0, done.stderr
    codes = np.load(tmp_path / "c.npz")["codes"]
    np.testing.assert_allclose(codes, aejax.encode(aejax.open(workdir).best(), x), atol=1e-5)
    assert apply(*at, "--do=reconstruct", f"--output={tmp_path / 'r.png'}").returncode == 0
    assert (tmp_path / "r.png").read_bytes().startswith(b"\x89PNG")
    wrong = apply(*at, "--do=encode", f"--output={tmp_path / 'c.png'}")
    assert (wrong.returncode, wrong.stderr.count("\n")) == (2, 1)
    assert not (tmp_path / "c.png").exists()
