"""Rows to variants: who belongs together, and under which name."""

from __future__ import annotations

import json
import math
import subprocess
import sys

import pytest

from aejax.results.rows import best, number, selectable, variants


def row(seed: int = 0, model: str = "vae", status: str = "ok", **changes) -> dict:
    spec = {"model": model, "args": {"latent": 3, "widths": [64]}, "seed": seed}
    spec["args"] |= changes.pop("args", {})
    base = {"id": "x", "model": model, "dataset": "digits", "spec": spec, "hp": {"lr": 0.001}}
    base["hp"] |= changes.pop("hp", {})
    error = changes.pop("error", 1.0)
    metrics = {"valid_mse_per_image": error, "test_mse_per_image": changes.pop("test", error)}
    return base | {"seed": seed, "status": status, "metrics": metrics} | changes


def labels(*rows: dict) -> list[str]:
    return [variant.label for variant in variants(rows)]


def test_the_seed_alone_makes_no_variant():
    (variant,) = variants([row(2), row(0), row(1)])
    assert (variant.label, variant.model) == ("vae", "vae")
    assert [each["seed"] for each in variant.rows] == [0, 1, 2]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([row(hp={"w_l1": 0.1}), row(hp={"w_l1": 0.01})], ["vae · w_l1=0.01", "vae · w_l1=0.1"]),
        ([row(hp={"b": 10.0}), row(hp={"b": 9.0})], ["vae · b=9", "vae · b=10"]),
        (
            [row(args={"widths": [64, 32]}), row()],
            ["vae · widths=64", "vae · widths=64-32"],
        ),
        ([row(args={"tied": True}), row()], ["vae · tied=true", "vae · tied=unset"]),
        ([row(dataset="mnist"), row()], ["vae · dataset=digits", "vae · dataset=mnist"]),
        (
            [row(hp={"lr": 0.1}, args={"lr": 5}), row()],
            ["vae · args.lr=5, hp.lr=0.1", "vae · args.lr=unset, hp.lr=0.001"],
        ),
        (
            [row(hp={"lr": 0.1000001}), row(hp={"lr": 0.1})],
            ["vae · lr=0.1", "vae · lr=0.1000001"],
        ),
        ([row(config_hash="a", group="g"), row(config_hash="b", group="h")], ["vae"]),
    ],
)
def test_a_label_tells_what_differs_and_nothing_else(rows, expected):
    assert labels(*rows) == expected


def test_a_setting_that_stands_twice_is_named_once():
    one, two = row(), row(dataset="mnist")
    for each in (one, two):
        each["spec"]["dataset"] = each["dataset"]
    assert labels(one, two) == ["vae · dataset=digits", "vae · dataset=mnist"]
    slow, fast = row(hp={"lr": 0.1}, args={"lr": 0.1}), row(hp={"lr": 0.2}, args={"lr": 0.2})
    assert labels(slow, fast) == ["vae · lr=0.1", "vae · lr=0.2"]


def test_what_differs_between_models_is_no_part_of_a_label():
    assert labels(row(model="mlp_10", hp={"w": 1}), row(model="mlp_2")) == ["mlp_2", "mlp_10"]


def test_the_order_of_the_rows_does_not_matter():
    rows = [row(seed, hp={"w": w}) for w in (3.0, 1.0, 2.0) for seed in (1, 0)]
    assert variants(rows) == variants(rows[::-1])


def test_the_best_is_the_lowest_error_among_those_that_ended_well():
    rows = [row(0, error=2.0), row(1, error=1.5), row(2, error=0.1, status="diverged")]
    assert best(rows)["seed"] == 1
    assert best(rows[2:]) is None


def test_the_best_is_never_chosen_by_test_rows():
    rows = [row(seed, error=error, test=-error) for seed, error in enumerate((2.0, 1.5, 3.0))]
    assert best(rows)["seed"] == 1
    blind = [row(6, error=None, test=1.0), row(5, error=None, test=2.0)]
    assert best(blind)["seed"] == 5  # the first by seed, in whatever order they come
    for each in blind:
        del each["metrics"]["valid_mse_per_image"]  # as a sweep with valid_fraction=0 writes them
        assert not selectable(each)
    assert best(blind)["seed"] == 5
    assert selectable(rows[0])


@pytest.mark.parametrize("value", [None, math.nan, math.inf, "1.0", True])
def test_what_is_no_finite_number_is_nan(value):
    assert math.isnan(number(row(error=value), "test_mse_per_image"))
    assert math.isnan(number({"metrics": None}, "test_mse_per_image"))


def test_variants_come_without_matplotlib():
    code = "import sys, json, aejax.figures; from aejax.results.rows import variants;"
    code += "print(json.dumps('matplotlib' in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) is False


def files(*paths: str, **changes) -> list[dict]:
    """Rows of one model on several files: each has its fingerprint, as a sweep writes it."""
    rows = []
    for i, path in enumerate(paths):
        each = row(dataset=path, **changes)
        each["spec"] |= {"dataset": path, "data": f"{i}c4f6e1d0a", "shape": [28, 28, i + 1]}
        rows.append(each)
    return rows


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (("/data/x/mnist.npz", "/data/y/fashion.npz"), ["mnist.npz", "fashion.npz"]),
        (("/data/x/img.npz", "/data/y/img.npz"), ["x", "y"]),
        (("/data/x/deep/img.npz", "/data/y/deep/img.npz"), ["x", "y"]),
        (("digits", "/data/y/img.npz"), ["img.npz", "digits"]),
        (("/a/img.npz", "/b/img.npz", "/b/two.csv"), ["a/img.npz", "b/img.npz", "two.csv"]),
        (
            (f"/d/{'long-name-' * 4}1-of-it-all-at-the-end.npz",
             f"/d/{'long-name-' * 4}2-of-it-all-at-the-end.npz"),
            ["…1…", "…2…"],
        ),
        (("img.npz", "sub/img.npz"), ["img.npz", "sub/img.npz"]),
    ],
)  # fmt: skip
def test_files_are_named_by_what_tells_them_apart(paths, expected):
    assert labels(*files(*paths)) == [f"vae · dataset={name}" for name in expected]


def test_a_fingerprint_is_said_only_where_nothing_else_tells():
    one, two = files("/d/a.npz", "/d/a.npz")
    two["spec"]["shape"] = one["spec"]["shape"]
    assert labels(one, two) == ["vae · data=0c4f6e1d0a", "vae · data=1c4f6e1d0a"]
    for each, count in ((one, 500), (two, 1000)):  # config.train_size was swept
        each["examples"] = {"train": count, "test": 100}
    assert labels(one, two) == ["vae · train_rows=500", "vae · train_rows=1000"]
    del one["examples"]  # of an older version: no setting by itself
    assert labels(one, two) == ["vae · data=0c4f6e1d0a", "vae · data=1c4f6e1d0a"]


def test_files_and_values_are_told_together():
    rows = [
        each
        for lr in (0.1, 0.2)
        for each in files("/d/a/img.npz", "/d/b/img.npz", hp={"lr": lr})
    ]  # fmt: skip
    assert labels(*rows) == [f"vae · dataset={d}, lr={lr}" for d in "ab" for lr in (0.1, 0.2)]
    assert variants(rows)[0].words == ("dataset=a", "lr=0.1")
