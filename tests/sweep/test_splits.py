"""No test row reaches training, its curves, or any choice; validation does what it is for."""

from __future__ import annotations

import importlib

import jax
import numpy as np
import pytest

from aejax import data
from aejax.evaluate.members import evaluator
from aejax.figures.choose import choose
from aejax.results.reader import Arrays
from aejax.results.rows import best
from aejax.sweep import base, grid, make_plan, product, run
from aejax.sweep.plan import job_of
from aejax.sweep.table import summary
from aejax.train import EarlyStopping
from aejax.train.run import train
from configs import quickstart, zoo
from tests.sweep.common import quiet

execution = importlib.import_module("aejax.sweep.execute")
POINTS = list(product(grid(model=["undercomplete", "vae"]), grid(seed=range(2))))


def plan(points=POINTS, **fields):
    config = base(
        "smoke", steps=12, train_size=100, test_size=40, eval_every=5, batch_size=32,
        **({"args.latent": 3, "args.widths": (8,), "images": 4, "samples": 6} | fields),
    )  # fmt: skip
    return make_plan(config, list(points))


def poisoned(one):
    """The same plan with other test rows: negatives of the images."""
    changed = {
        name: dataset._replace(test=255 - dataset.test) for name, dataset in one.datasets.items()
    }
    return one._replace(datasets=changed)


def arrays_of(workdir, row):
    with np.load(workdir / "arrays" / f"{row['group']}.npz") as arrays:
        return {name: arrays[name] for name in arrays.files}


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """Rows and work directories of a sweep, and of the same one with other test rows."""
    folders = [tmp_path_factory.mktemp(name) for name in ("clean", "poisoned")]
    plans = (plan(), poisoned(plan()))
    return [(run(one, path, quiet()).rows, path) for one, path in zip(plans, folders, strict=True)]


def test_other_test_rows_change_nothing_but_what_is_measured_of_them(both):
    (rows, clean), (others, other) = both
    assert [row["id"] for row in rows] == [row["id"] for row in others]
    for a, b in zip(rows, others, strict=True):
        for name, value in a["metrics"].items():
            if name.startswith("valid_"):
                assert b["metrics"][name] == value
        assert a["metrics"]["test_mse_per_image"] != b["metrics"]["test_mse_per_image"]
        assert a["metrics"]["mse_pca"] != b["metrics"]["mse_pca"]
        first, second = arrays_of(clean, a), arrays_of(other, b)
        named = [name for name in first if name.startswith(("curve", "valid", "filters", "sampl"))]
        assert {"curve/loss", "valid/mse_per_image", "valid/loss"} <= set(named)
        for name in named:
            np.testing.assert_array_equal(first[name], second[name])


def test_other_test_rows_choose_no_other_member(both):
    (rows, clean), (others, other) = both
    assert best(rows)["id"] == best(others)["id"]
    chosen = [
        [each.row["id"] for each in choose(found, Arrays(path / "arrays", found), "codes", 9)[0]]
        for found, path in ((rows, clean), (others, other))
    ]
    assert chosen[0] == chosen[1]
    assert len(chosen[0]) == 2


def test_training_is_given_no_test_row(tmp_path, monkeypatch):
    """A spy: `train` gets no test row, and the test rows are evaluated once, at the end."""
    one = plan(POINTS[:2])
    (dataset,) = one.datasets.values()
    held_out = {row.tobytes() for row in dataset.test} - {row.tobytes() for row in dataset.train}
    seen: list[str] = []

    def spied_train(job, table, **how):
        for rows in (table, how["valid"]):
            assert not {row.tobytes() for row in np.asarray(rows)} & held_out
        np.testing.assert_array_equal(table, dataset.train)
        np.testing.assert_array_equal(how["valid"], dataset.valid)
        trained = train(job, table, **how)
        seen.append("trained")
        return trained

    def spied_execute(fn, members, shared, trained):
        if shared is dataset.test:
            seen.append("test measured")
        return execute(fn, members, shared, trained)

    execute = execution._execute
    monkeypatch.setattr(execution, "train", spied_train)
    monkeypatch.setattr(execution, "_execute", spied_execute)
    run(one, tmp_path, quiet())
    assert seen == ["trained", "test measured"]


def test_early_stopping_reads_validation(both):
    """What it reads is what the sweep's points are: steps and variables with either test set."""
    found = []
    for one in (plan(), poisoned(plan())):
        group = one.groups[0]
        dataset = one.datasets[group.spec.data]
        job, rule = job_of(one.config, group), EarlyStopping("mse_per_image")
        done = train(job, dataset.train, valid=dataset.valid, measure=evaluator, stopping=rule)
        (rows, path), _ = both
        points = arrays_of(path, next(r for r in rows if r["group"] == group.id))
        np.testing.assert_array_equal(done.valid["mse_per_image"], points["valid/mse_per_image"])
        found.append(done)
    np.testing.assert_array_equal(found[0].best_step, found[1].best_step)
    jax.tree.map(np.testing.assert_array_equal, found[0].best, found[1].best)


def test_the_last_point_is_the_rows_valid_metric(both):
    """Of the final state: what `evaluate` says of it again, for a stage that ends unevenly too."""
    (rows, path), _ = both
    for row in rows:
        arrays = arrays_of(path, row)
        i = list(arrays["ids"]).index(row["id"])
        assert arrays["valid_step"].tolist() == [5, 10, 12]
        names = {name.removeprefix("valid/") for name in arrays if name.startswith("valid/")}
        assert names == {n.removeprefix("valid_") for n in row["metrics"] if n[:6] == "valid_"}
        assert names == {n.removeprefix("test_") for n in row["metrics"] if n[:5] == "test_"}
        for name in names:
            assert row["metrics"][f"valid_{name}"] == arrays[f"valid/{name}"][i, -1]


def test_validation_metrics_equal_a_measurement_at_the_end(tmp_path, monkeypatch):
    """The driver's point is taken where it is of the end; measured again it is the same."""
    one = plan(POINTS[:2])
    reused = run(one, tmp_path / "a", quiet()).rows

    def shifted(*args, **how):
        trained = train(*args, **how)
        return trained._replace(valid_step=trained.valid_step - 1)

    monkeypatch.setattr(execution, "train", shifted)
    again = run(one, tmp_path / "b", quiet()).rows
    for a, b in zip(reused, again, strict=True):
        assert a["metrics"].keys() == b["metrics"].keys()
        for name, value in a["metrics"].items():
            assert b["metrics"][name] == pytest.approx(value, rel=1e-5), name


def test_the_sweeps_of_the_repository_hold_out_a_tenth():
    for module in (quickstart, zoo):
        assert module.get_config("smoke").valid_fraction == 0.1


def test_every_seed_has_the_same_rows():
    one = plan(grid(seed=range(3)))
    assert len(one.datasets) == len(one.groups) == 1
    (dataset,) = one.datasets.values()
    np.testing.assert_array_equal(
        dataset.valid, next(iter(plan(grid(seed=[7])).datasets.values())).valid
    )


def test_the_fraction_is_part_of_what_a_run_is(tmp_path):
    one = plan(grid(valid_fraction=[0.1, 0.2, 0.0]))
    assert len({group.members[0].id for group in one.groups}) == 3
    fractions = [group.spec.to_dict()["valid_fraction"] for group in one.groups]
    assert fractions == [0.1, 0.2, 0.0]
    sizes = [one.datasets[group.spec.data].valid for group in one.groups]
    assert [None if rows is None else len(rows) for rows in sizes] == [144, 288, None]
    assert plan().config_hash != plan(valid_fraction=0.2).config_hash


@pytest.mark.parametrize("fraction", [1.0, -0.5, None])
def test_a_wrong_fraction_is_one_line_before_anything_compiles(fraction):
    with pytest.raises(ValueError, match=r"valid_fraction=.* Allowed: 0") as caught:
        plan(valid_fraction=fraction)
    assert "\n" not in str(caught.value)


def test_without_validation_rows_nothing_is_selected(tmp_path):
    """The old split: all of train, no validation points; table and small print say so."""
    one = plan(POINTS[:2], valid_fraction=0.0)
    (dataset,) = one.datasets.values()
    old = data.load("digits", train_size=100, test_size=40)
    assert dataset.fingerprint == old.fingerprint
    rows = run(one, tmp_path, quiet()).rows
    assert not any(name.startswith("valid_") for row in rows for name in row["metrics"])
    assert not any(name.startswith("valid/") for name in arrays_of(tmp_path, rows[0]))
    assert best(rows[::-1])["seed"] == 0
    _, said = choose(rows, Arrays(tmp_path / "arrays", rows), "codes", 9)
    assert "no validation rows" in said
    console = quiet()
    console.print(summary(rows, "t"))
    assert "Without validation rows (valid_fraction=0) nothing is selected." in (
        " ".join(console.file.getvalue().split())
    )
    assert "valid " not in console.file.getvalue().partition("Mean")[0]


def test_the_table_says_which_split(both):
    (rows, _), _ = both
    console = quiet()
    console.print(summary(rows, "t"))
    text = console.file.getvalue()
    # In a pipe's width all columns are there, each under its split.
    splits = next(line for line in text.splitlines() if "valid" in line)
    assert splits.replace("┃", " ").split() == ["valid", *["test"] * 4]
    for row in rows:
        assert f"{row['metrics']['test_mse_per_image']:.3g}"[:3] in text
    assert "ELBO nats" in text
    assert "test: measured once" in text
    assert "nothing is selected" not in text
