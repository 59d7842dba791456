"""Every figure: a PNG, and a CSV whose numbers are those of the rows and arrays."""

from __future__ import annotations

import csv
import json
import statistics
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from PIL import Image

from aejax.errors import ConfigError
from aejax.figures import FIGURES, draw
from aejax.figures.choose import choose
from aejax.results.reader import Arrays


def table(workdir: Path, name: str) -> list[dict[str, str]]:
    with (workdir / "figures" / f"{name}.csv").open() as file:
        return list(csv.DictReader(file))


def names(paths: list[Path]) -> set[str]:
    return {path.name for path in paths}


def test_every_figure_is_drawn_and_nothing_else_is_left(fabricate):
    workdir, _ = fabricate()
    written = draw(workdir)
    assert names(written) == {
        f"{name}.{kind}" for name in FIGURES for kind in ("png", "pdf", "csv")
    }
    assert names(list((workdir / "figures").iterdir())) == names(written)
    for name in FIGURES:
        with Image.open(workdir / "figures" / f"{name}.png") as image:
            assert min(image.size) > 150
            assert len(image.convert("L").getcolors(256) or [0]) > 20, "an empty picture"


def test_only_what_is_asked_for_is_drawn(fabricate):
    workdir, _ = fabricate()
    assert names(draw(workdir, ["codes"])) == {"codes.png", "codes.pdf", "codes.csv"}


def test_an_unknown_figure_names_the_nearest_and_writes_nothing(fabricate):
    workdir, _ = fabricate()
    with pytest.raises(ConfigError, match=r"'sumary' is unknown. Did you mean 'summary'\?"):
        draw(workdir, ["codes", "sumary"])
    assert not (workdir / "figures").exists()


def test_the_callers_matplotlib_settings_are_left_alone(fabricate):
    workdir, _ = fabricate()
    with mpl.rc_context({"font.size": 23.0, "axes.spines.top": True}):
        draw(workdir, ["summary"])
        assert mpl.rcParams["font.size"] == 23.0
        assert mpl.rcParams["axes.spines.top"]


def test_the_summary_has_each_seeds_value_and_counts_the_diverged(fabricate):
    workdir, rows = fabricate(lost=[("vae", 1, 0.1)])
    draw(workdir, ["summary"])
    lines = [e for e in table(workdir, "summary") if e["metric"] == "test_mse_per_image"]
    of = {line["id"]: line for line in lines}
    assert set(of) == {row["id"] for row in rows}
    for row in rows:
        value = row["metrics"]["test_mse_per_image"]
        assert of[row["id"]]["value"] == ("" if value is None else str(value))
        assert of[row["id"]]["status"] == row["status"]
    ended = [r["metrics"]["test_mse_per_image"] for r in rows[:3] if r["status"] == "ok"]
    assert len(ended) == 2
    line = of[rows[0]["id"]]
    assert float(line["mean"]) == pytest.approx(statistics.mean(ended))
    assert float(line["standard_deviation"]) == pytest.approx(statistics.stdev(ended))
    assert (line["mse_pca"], line["mse_mean_image"]) == ("1.5", "4.5")


def test_the_reconstructions_are_of_the_best_seed(fabricate):
    workdir, rows = fabricate(models=("vae",), lost=[("vae", 0, 0.1)])
    draw(workdir, ["reconstructions"])
    lines = table(workdir, "reconstructions")
    assert {(e["variant"], e["seed"]) for e in lines} == {("vae · w=0.1", "1"), ("vae · w=1", "0")}
    mine = Arrays(workdir / "arrays", rows)[rows[1]["id"]]
    expected = np.square(mine["reconstructions"] - mine["inputs"]).sum(axis=(1, 2, 3))
    found = [float(e["squared_error"]) for e in lines if e["id"] == rows[1]["id"]]
    np.testing.assert_allclose(found, expected)


def rewrite(workdir: Path, rows: list[dict]) -> None:
    (workdir / "results.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


PICTURED = ("reconstructions", "sheet", "codes", "samples", "filters")


@pytest.mark.parametrize("name", PICTURED)
def test_test_errors_choose_no_member(fabricate, name):
    """The last seed is the worst in validation; that test says the opposite moves nothing."""
    workdir, rows = fabricate(models=("vae",))
    draw(workdir, [name])
    before = {(e["variant"], e["seed"]) for e in table(workdir, name)}
    for row in rows:
        row["metrics"]["test_mse_per_image"] *= -1
    rewrite(workdir, rows)
    draw(workdir, [name])
    assert {(e["variant"], e["seed"]) for e in table(workdir, name)} == before
    for row in rows:
        row["metrics"]["valid_mse_per_image"] *= -1
    rewrite(workdir, rows)
    draw(workdir, [name])
    after = {(e["variant"], e["seed"]) for e in table(workdir, name)}
    assert {seed for _, seed in before} == {"0"}
    assert {seed for _, seed in after} == {"2"}


@pytest.mark.parametrize("most", [40, 1])  # a member a variant; a member a model
def test_the_small_print_says_what_chose(fabricate, most):
    workdir, rows = fabricate(models=("vae",), values=(0.1, 1.0))
    arrays = Arrays(workdir / "arrays", rows)
    shown, said = choose(rows, arrays, "codes", most)
    assert "the lowest validation error" in said
    assert "test" not in said
    for row in rows:  # as a sweep with valid_fraction=0 writes them
        del row["metrics"]["valid_mse_per_image"]
        row["metrics"]["test_mse_per_image"] *= -1
    shown, said = choose(rows[::-1], arrays, "codes", most)
    assert {each.row["seed"] for each in shown} == {0}
    assert "the first by seed, for there are no validation rows" in said
    rows[0]["metrics"]["valid_mse_per_image"] = 1.0
    assert "the first by seed where" in choose(rows, arrays, "codes", 40)[1]


def test_the_curves_are_mean_and_range_over_seeds(fabricate):
    workdir, rows = fabricate(models=("vae",), lost=[("vae", 2, 0.1)])
    draw(workdir, ["curves"])
    lines = [e for e in table(workdir, "curves") if e["term"] == "loss"]
    lines = [e for e in lines if e["variant"] == "vae · w=0.1"]
    arrays = Arrays(workdir / "arrays", rows)
    curves = np.stack([arrays[row["id"]]["curve/loss"] for row in rows[:2]])
    assert {e["seeds"] for e in lines} == {"2"}
    for name, values in {
        "mean": curves.mean(0),
        "low": curves.min(0),
        "high": curves.max(0),
    }.items():
        np.testing.assert_allclose([float(e[name]) for e in lines], values)


def test_the_codes_are_principal_components_with_their_variance(fabricate):
    workdir, rows = fabricate(models=("vae",), values=(1.0,), seeds=1)
    draw(workdir, ["codes"])
    lines = table(workdir, "codes")
    codes = Arrays(workdir / "arrays", rows)[rows[0]["id"]]["codes"]
    variances = np.linalg.eigvalsh(np.cov(codes.T))[::-1]
    for i, axis in enumerate("xy"):
        values = np.array([float(e[axis]) for e in lines])
        assert values.var(ddof=1) == pytest.approx(variances[i])
        share = variances[i] / variances.sum()
        assert lines[0][f"{axis}_name"] == f"PC {i + 1} ({share:.0%})".replace("%", " %")
    assert [e["label"] for e in lines] == [str(i % 10) for i in range(len(codes))]


def test_samples_and_filters_are_told_in_numbers(fabricate):
    workdir, rows = fabricate(values=(1.0,), seeds=1)
    draw(workdir, ["samples", "filters"])
    arrays = Arrays(workdir / "arrays", rows)
    samples = arrays[rows[0]["id"]]["samples"]
    lines = table(workdir, "samples")
    assert {e["model"] for e in lines} == {"vae"}
    np.testing.assert_allclose([float(e["mean"]) for e in lines], samples.mean(axis=(1, 2, 3)))
    filters = arrays[rows[1]["id"]]["filters"]
    found = [float(e["norm"]) for e in table(workdir, "filters") if e["id"] == rows[1]["id"]]
    np.testing.assert_allclose(found, np.sqrt(np.square(filters).sum(axis=(1, 2, 3))))


def test_the_sheet_has_a_panel_a_model_and_the_errors_of_what_it_shows(fabricate):
    workdir, rows = fabricate()
    draw(workdir, ["sheet"])
    lines = table(workdir, "sheet")
    assert len(lines) == 4  # variants
    for line in lines:
        arrays = Arrays(workdir / "arrays", rows)[line["id"]]
        squared = (arrays["reconstructions"][:5] - arrays["inputs"][:5]) ** 2
        expected = squared.reshape(5, -1).sum(-1).mean()
        assert float(line["squared_error_shown"]) == pytest.approx(expected, rel=1e-5)
        assert (line["sample_mean"] == "") == ("samples" not in arrays)
