"""What figures meet beside the common case: other shapes, lost members, many models, few rows."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest

from aejax.figures import FIGURES, draw
from aejax.figures.bands import bands_of
from aejax.figures.codes import project, spread
from aejax.figures.filters import normalised
from aejax.figures.greys import GreyScale, pictures, scale_of
from aejax.figures.style import wrapped
from aejax.figures.tiles import mosaic
from aejax.results.reader import Arrays
from aejax.results.rows import variants


def drawn(paths) -> set[str]:
    return {path.stem for path in paths}


@pytest.mark.parametrize("shape", [(8, 8, 3), (14, 10, 1), (7, 5, 2), (6, 9), (12,)])
def test_every_shape_is_drawn(fabricate, shape):
    workdir, _ = fabricate(shape=shape, seeds=1)
    assert drawn(draw(workdir)) == set(FIGURES)


def test_one_row_is_enough(fabricate):
    workdir, _ = fabricate(models=("vae",), seeds=1, values=(1.0,))
    assert drawn(draw(workdir)) == set(FIGURES)


def test_without_a_prior_there_are_no_samples(fabricate):
    workdir, _ = fabricate(models=("denoising",))
    assert drawn(draw(workdir)) == set(FIGURES) - {"samples"}


def test_without_arrays_there_is_the_summary(fabricate):
    workdir, _ = fabricate()
    for path in (workdir / "arrays").iterdir():
        path.unlink()
    assert drawn(draw(workdir)) == {"summary", "pareto"}


def test_where_all_diverged_the_summary_and_the_curves_say_so(fabricate):
    lost = [("vae", seed, value) for seed in range(3) for value in (0.1, 1.0)]
    workdir, rows = fabricate(models=("vae",), lost=lost)
    assert drawn(draw(workdir)) == {"summary", "curves"}
    with (workdir / "figures" / "summary.csv").open() as file:
        lines = list(csv.DictReader(file))
    assert [line["id"] for line in lines] == [row["id"] for row in rows]
    assert all(line["status"] == "diverged" and line["value"] == "" for line in lines)


def test_rows_without_a_known_metric_give_no_summary(fabricate):
    workdir, rows = fabricate(models=("vae",))
    for row in rows:
        row["metrics"] = {"test_loss": 1.0}
    (workdir / "results.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert draw(workdir, ["summary"]) == []


def test_many_models_have_a_place_each_on_a_page(fabricate):
    models = [f"model_{i}" for i in range(36)]
    workdir, rows = fabricate(models=models, seeds=1, shape=(3, 3, 1))
    arrays = Arrays(workdir / "arrays", rows)
    for name in set(FIGURES) - {"samples", "pareto"}:
        plot = FIGURES[name](rows, arrays)
        assert {line["model"] for line in plot.table} == set(models), name
        assert plot.figure.get_figwidth() <= 7.2 + 1e-6, name


def test_images_and_vectors_stand_in_one_figure(fabricate):
    workdir, _ = fabricate(models=("vae", "other"), seeds=1)
    path = workdir / "arrays" / "g-other.npz"
    with np.load(path) as file:
        flat = {k: v.reshape(*v.shape[:-3], -1) if v.ndim > 3 else v for k, v in file.items()}
    np.savez(path, **flat)
    assert drawn(draw(workdir)) == set(FIGURES)
    with (workdir / "figures" / "reconstructions.csv").open() as file:
        assert {line["model"] for line in csv.DictReader(file)} == {"vae", "other"}


def test_a_diverged_curve_is_kept_apart_and_cut_at_its_end(fabricate):
    workdir, rows = fabricate(models=("vae",), values=(1.0,), lost=[("vae", 1, 1.0)])
    (variant,) = variants(rows)
    rec, loss = bands_of(variant, Arrays(workdir / "arrays", rows))
    assert (rec.term, loss.term, rec.seeds) == ("rec_nats", "loss", 2)
    ((step, value),) = rec.lost
    np.testing.assert_array_equal(step, np.arange(5))
    assert np.isfinite(value).all()


def test_codes_of_two_dimensions_are_drawn_as_they_are():
    codes = np.random.default_rng(0).normal(size=(20, 2))
    plane = project(codes, None)
    np.testing.assert_array_equal(plane.points, codes)
    assert plane.names == ("code 1", "code 2")


def test_codes_of_one_dimension_are_drawn_by_class():
    labels = np.array([7, 3, 7, 3])
    plane = project(np.arange(4.0)[:, None], labels)
    np.testing.assert_array_equal(plane.points[:, 0], np.arange(4.0))
    np.testing.assert_array_equal(np.round(plane.points[:, 1]), [1, 0, 1, 0])


def test_codes_that_are_all_the_same_are_drawn():
    assert np.isfinite(project(np.ones((5, 4)), None).points).all()


def test_class_names_do_not_overlap():
    from matplotlib.figure import Figure

    axis = Figure().subplots()
    axis.scatter([0, 1], [0, 1])
    places = spread(np.array([[0.5, 0.5], [0.51, 0.5], [0.1, 0.9]]), axis)
    assert np.linalg.norm(places[0] - places[1]) > 0.1
    np.testing.assert_allclose(places[2], [0.1, 0.9])


@pytest.mark.parametrize("places", ["equal", "in a line", "random"])
def test_names_that_are_wider_than_high_are_clear_of_each_other(places):
    from matplotlib.figure import Figure

    axis = Figure().subplots()
    axis.scatter([0, 2], [0, 5])
    at = {
        "equal": np.ones((7, 2)),
        "in a line": np.column_stack([np.linspace(0.9, 1.1, 7), np.ones(7)]),
        "random": np.random.default_rng(0).uniform(0.8, 1.2, (7, 2)),
    }[places]
    far = spread(at, axis, (0.3, 0.05))
    apart = np.abs(far[:, None] - far[None]) / (2 * 0.3, 5 * 0.05)
    assert (np.linalg.norm(apart, axis=-1) + 2 * np.eye(7)).min() > 0.95


def test_filters_are_normalised_one_by_one():
    filters = np.array([[[2.0, -4.0]], [[0.0, 0.0]]])
    np.testing.assert_array_equal(normalised(filters), [[[0.5, -1.0]], [[0.0, 0.0]]])


def test_a_mosaic_sets_pictures_side_by_side_with_empty_gaps():
    canvas = mosaic(np.arange(3.0)[:, None, None] * np.ones((3, 2, 2)), columns=2)
    nan = np.nan
    expected = [[0, 0, nan, 1, 1]] * 2 + [[nan] * 5] + [[2, 2, nan, nan, nan]] * 2
    np.testing.assert_array_equal(canvas, expected)
    assert mosaic(np.ones((3, 2, 2, 3)), columns=2)[..., 3].tolist() == [
        [1, 1, 0, 1, 1],
        [1, 1, 0, 1, 1],
        [0] * 5,
        [1, 1, 0, 0, 0],
        [1, 1, 0, 0, 0],
    ]


def test_pictures_have_one_or_three_channels():
    assert pictures(np.ones((4, 5, 6, 1))).shape == (4, 5, 6)
    assert pictures(np.ones((4, 5, 6, 3))).shape == (4, 5, 6, 3)
    assert pictures(np.stack([np.zeros((1, 2, 2)), np.ones((1, 2, 2))], -1)).max() == 0.5


def test_the_scale_is_that_of_the_inputs_unless_they_are_in_the_unit_interval():
    assert scale_of(np.array([0.2, 0.7])) == GreyScale(0.0, 1.0)
    assert scale_of(np.array([-3.0, 2.0])) == GreyScale(-3.0, 2.0)


def test_long_labels_break_after_the_model_then_between_settings():
    assert wrapped("vae · w=1", 20) == "vae · w=1"
    assert wrapped("vae · w_kl=1, lr=0.001", 12) == "vae\nw_kl=1,\nlr=0.001"
    assert wrapped("a_very_long_name · w=1", 8) == "a_very_\nlong_\nname\nw=1"
