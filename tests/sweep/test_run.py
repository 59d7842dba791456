"""Sweeps from end to end: rows, arrays, what is missing is done and nothing else."""

from __future__ import annotations

import io
import shutil

import numpy as np
import pytest

from aejax.figures import draw
from aejax.results.store import read_rows
from aejax.results.variables import load_scale, load_variables
from aejax.sweep import base, estimate, grid, make_plan, product, run
from aejax.sweep.table import spread, summary
from tests.sweep.common import Stopped, quiet, stable, stop_at_the_second_chunk


def plan(steps=12, **fields):
    config = base(
        "smoke", steps=steps, train_size=100, test_size=40, eval_every=6, batch_size=32,
        **({"args.latent": 3, "args.widths": (8,), "images": 4, "samples": 6} | fields),
    )  # fmt: skip
    points = product(grid(model=["undercomplete", "vae"]), grid(seed=range(2)))
    return make_plan(config, list(points))


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    workdir = tmp_path_factory.mktemp("finished")
    return workdir, run(plan(), workdir, quiet())


def test_one_row_a_member_with_all_that_it_needs(finished):
    workdir, outcome = finished
    rows, _, _ = read_rows(workdir / "results.jsonl")
    assert len(rows) == len({row["id"] for row in rows}) == 4 == outcome.fresh
    for row in rows:
        assert row["status"] == "ok"
        assert row["recompiles"] == 0
        assert row["step"] == 12
        assert row["flops"] > 0
        assert set(row["seconds"]) == {"compile", "run", "evaluate"}
        assert row["versions"]["jax"]
        assert row["metrics"]["test_mse_per_image"] > 0
        assert row["metrics"]["mse_pca"] < row["metrics"]["mse_mean_image"]
        bound = {"test_elbo_nats", "test_kl_nats"} & set(row["metrics"])
        assert bool(bound) == (row["model"] == "vae")


def test_arrays_belong_to_their_rows(finished):
    workdir, outcome = finished
    for row in outcome.rows:
        with np.load(workdir / "arrays" / f"{row['group']}.npz") as arrays:
            i = list(arrays["ids"]).index(row["id"])
            assert arrays["reconstructions"].shape == (2, 4, 8, 8, 1)
            assert arrays["codes"].shape == (2, 40, 3)
            assert arrays["curve/loss"].shape == (2, len(arrays["curve_step"]))
            assert ("samples" in arrays) == (row["model"] == "vae")
            last = arrays["valid/mse_per_image"][i, -1]
        assert last == row["metrics"]["valid_mse_per_image"] != row["metrics"]["test_mse_per_image"]


def test_the_mean_of_squares_is_what_numpy_says(finished):
    """A row's error against the arrays: no unit, no axis and no batch went astray."""
    workdir, outcome = finished
    row = outcome.rows[0]
    with np.load(workdir / "arrays" / f"{row['group']}.npz") as arrays:
        i = list(arrays["ids"]).index(row["id"])
        shown = np.square(arrays["reconstructions"][i] - arrays["inputs"]).sum((1, 2, 3))
    assert 0.2 < shown.mean() / row["metrics"]["test_mse_per_image"] < 5


def test_the_same_command_does_nothing_twice(finished):
    workdir, outcome = finished
    before = (workdir / "results.jsonl").read_bytes()
    again = run(plan(), workdir, quiet())
    assert again.fresh == 0
    assert (workdir / "results.jsonl").read_bytes() == before
    assert stable(again.rows) == stable(outcome.rows)


def test_only_what_is_missing_is_done_and_equals_what_was(finished, tmp_path):
    _, outcome = finished
    first = run(plan(), tmp_path, quiet())
    assert stable(first.rows) == stable(outcome.rows)
    lines = (tmp_path / "results.jsonl").read_bytes().splitlines(keepends=True)
    (tmp_path / "results.jsonl").write_bytes(b"".join(lines[:-1]) + lines[-1][:20])
    console = quiet()
    again = run(plan(), tmp_path, console)
    assert again.fresh == 1
    assert "dropped a broken last line" in console.file.getvalue()
    assert stable(again.rows) == stable(outcome.rows)


def test_an_interrupted_group_goes_on_from_its_checkpoint(finished, tmp_path, monkeypatch):
    eager = plan(checkpoint_seconds=0.0)
    calls = stop_at_the_second_chunk(monkeypatch)
    with pytest.raises(Stopped):
        run(eager, tmp_path, quiet())
    assert list((tmp_path / "checkpoints").iterdir())
    again = run(eager, tmp_path, quiet())
    assert calls == [6, 12, 12, 6, 12]  # the first group went on at 6, the second began at 0
    assert stable(again.rows) == stable(finished[1].rows)
    assert not list((tmp_path / "checkpoints").iterdir())


def test_lost_files_of_a_finished_sweep_are_said_and_remade(finished, tmp_path):
    """Gone, cut, emptied; trained again they hold the same bits, and no row is added."""
    workdir = tmp_path / "copy"
    shutil.copytree(finished[0], workdir)
    first, second = sorted((workdir / "arrays").glob("*.npz"))
    kept = workdir / "variables" / first.name
    before = {path: path.read_bytes() for path in (first, kept)}
    rows = (workdir / "results.jsonl").read_bytes()
    first.unlink()
    kept.write_bytes(before[kept][:-50])
    console = quiet()
    run(plan(), workdir, console)
    said = " ".join(console.file.getvalue().split())
    assert f"arrays/{first.name} is gone, variables/{first.name} is damaged" in said
    assert "--config.remake=True" in said
    assert second.name not in said
    for damaged in (b"", before[kept][:100], b"\0" * len(before[kept])):
        kept.write_bytes(damaged)
        for read in (load_variables, load_scale):
            with pytest.raises(ValueError, match=r"remake=True makes"):
                read(kept)
    console = quiet()
    assert run(plan(remake=True), workdir, console).fresh == 0
    for path, data in before.items():
        with np.load(path) as ours, np.load(io.BytesIO(data)) as theirs:
            assert ours.files == theirs.files
            for name in theirs.files:
                np.testing.assert_array_equal(ours[name], theirs[name])
    assert (workdir / "results.jsonl").read_bytes() == rows
    console = quiet()
    run(plan(), workdir, console)
    assert "is gone" not in console.file.getvalue()


def test_another_config_leaves_the_folder_as_it_was(finished):
    workdir, _ = finished
    before = sorted((p, p.stat().st_mtime_ns) for p in workdir.rglob("*") if p.is_file())
    with pytest.raises(ValueError, match=r"another config \(steps: 12 there, 18 here\)"):
        run(plan(steps=18), workdir, quiet())
    assert before == sorted((p, p.stat().st_mtime_ns) for p in workdir.rglob("*") if p.is_file())


def test_a_diverged_member_is_reported_and_the_rest_is_not(tmp_path):
    config = base("smoke", steps=12, train_size=100, test_size=40, eval_every=6, batch_size=32)
    points = grid(**{"hp.lr": [1e-3, 1e30], "args.widths": [(8,)]})
    outcome = run(make_plan(config, points), tmp_path, quiet())
    by_lr = {row["hp"]["lr"]: row for row in outcome.rows}
    assert by_lr[1e-3]["status"] == "ok"
    lost = by_lr[1e30]
    assert lost["status"] == "diverged"
    assert lost["failed"]["step"] == lost["step"] < 12
    assert lost["failed"]["term"] in ("rec_nats", "loss", "update")
    console = quiet()
    console.print(summary(outcome.rows, "t"))
    assert "diverged" in console.file.getvalue()


def test_figures_are_drawn_from_rows_and_arrays(finished):
    workdir, _ = finished
    names = {path.name for path in draw(workdir)}
    assert len({name for name in names if name.endswith(".png")}) >= 5
    assert {"summary.png", "summary.csv", "reconstructions.png", "curves.png"} <= names


def test_the_estimate_names_every_group():
    entries = estimate(plan())
    assert [entry["members"] for entry in entries] == [2, 2]
    assert all(float(entry["about s"]) > 0 for entry in entries)


def test_spread_is_the_sample_standard_deviation():
    assert spread([1.0, 2.0, 3.0]) == "2 ± 1"
    assert spread([1.0, float("nan")]) == "1"
    assert spread([]) == "–"
