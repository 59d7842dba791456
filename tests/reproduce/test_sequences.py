"""Sequences on files of the user's, its metrics and controls, and its figures."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import log_loss, mean_squared_error

from aejax.errors import ConfigError
from aejax.figures import late
from aejax.figures.sequences_films import animated
from aejax.reproduce import papers
from aejax.reproduce.tasks import Context, arrays_of, run_tasks
from tests.sweep.common import quiet

FOLDER = Path(__file__).parents[2] / "configs" / "applications"
ENTRY = papers.load(FOLDER, "sequences")


def rows_of(dataset: object, folder: Path, *methods: str):
    context = Context(papers.configure(ENTRY, "smoke", dataset=str(dataset)), folder, None, [])
    listed = papers.tasks_of(ENTRY, "smoke", str(dataset))
    wanted = [task for task in listed if task.point["method"] in methods]
    return run_tasks("sequences", wanted, context, folder, quiet(100))


def waves(path: Path, rows: int = 400) -> np.ndarray:
    t = np.arange(rows)
    series = np.c_[np.sin(0.3 * t), 5 * np.cos(0.3 * t) + 7, np.sin(0.7 * t)]
    lines = [",".join(f"{value:.6f}" for value in row) for row in series]
    path.write_text("\n".join(["a,b,y", *lines]) + "\n")
    return series


def test_a_series_of_the_users_is_cut_and_predicted(tmp_path):
    series = waves(tmp_path / "mine.csv")
    methods = ("linear_autoregression", "linear_direct", "last_frame", "constant_velocity", "pca")
    rows = rows_of(tmp_path / "mine.csv", tmp_path, *methods)
    found = {row["point"]["method"]: row["metrics"] for row in rows if row["seed"] == 0}
    assert found["linear_autoregression"]["mse"] < 1e-2 < 1 < found["last_frame"]["mse"]
    assert found["linear_direct"]["mse"] < 1e-2
    assert found["pca"]["past_mse"] < 1e-4
    assert found["pca"]["mse"] is None
    # The last frame by hand: windows of the last fifth, in deviations of the first three.
    seen = series[:240]
    scaled = (series[320:] - seen.mean(0)) / seen.std(0)
    cut = np.stack([scaled[start : start + 20] for start in range(61)])
    cut = cut[np.unique(np.linspace(0, 60, 61).astype(int))]
    expected = np.square(cut[:, 10:] - cut[:, 9:10]).sum(-1).mean()
    assert found["last_frame"]["mse"] == pytest.approx(expected, rel=1e-3)
    assert found["last_frame"]["tests"] == 61
    arrays = arrays_of(tmp_path, rows)
    for name in ENTRY.paper.figures:
        plot = late(name)(rows, arrays)
        assert plot is not None
        assert plot.table
    assert ENTRY.module.files(rows, arrays) == {}  # frames of three numbers are no pictures


def test_a_composite_model_of_a_series_is_above_the_mean(tmp_path):
    waves(tmp_path / "mine.csv")
    rows = rows_of(tmp_path / "mine.csv", tmp_path, "composite", "mean_frame")
    found = {row["point"]["method"]: row["metrics"] for row in rows if row["seed"] == 0}
    assert found["composite"]["mse"] < found["mean_frame"]["mse"]
    assert found["composite"]["past_mse"] < 3  # of three columns, in deviations


def test_films_of_the_users_are_pictures_where_they_are_square(tmp_path):
    from PIL import Image

    films = np.random.RandomState(0).uniform(size=(60, 6, 9)).astype(np.float32)
    np.savez(tmp_path / "mine.npz", films=films)
    rows = rows_of(tmp_path / "mine.npz", tmp_path, "mean_frame", "nearest_films")
    found = {row["point"]["method"]: row for row in rows}
    assert found["mean_frame"]["metrics"]["mse"] == pytest.approx(9, rel=0.3)
    assert "lags=3" in found["nearest_films"]["point"]["setting"]  # the past has three frames
    arrays = arrays_of(tmp_path, rows)
    with Image.open(io.BytesIO(ENTRY.module.files(rows, arrays)["sequences.gif"])) as gif:
        assert gif.n_frames == 6
    assert late("sequences_films")(rows, arrays) is not None


def test_without_rows_there_is_nothing_to_draw():
    assert animated([], {}) is None
    assert all(late(name)([], {}) is None for name in ENTRY.paper.figures)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a\n" + "1\n2\n" * 49, "has 98 rows. Allowed: 100 or more"),
        ("a\n" + "1\n2\n" * 60 + "high\n", "column 'a'"),
        ("a,b\n" + "1,2\n" * 60 + "3,\n", "no value in row 60"),
        ("a\n" + "1\n" * 120, "is constant in training"),
    ],
)
def test_a_broken_series_is_one_line_and_leaves_nothing(text, said, tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text(text)
    with pytest.raises(ConfigError, match=said) as error:
        rows_of(path, tmp_path / "w", "last_frame")
    assert "\n" not in str(error.value)
    assert "mine.csv" in str(error.value)


def test_images_are_no_films(tmp_path):
    np.save(tmp_path / "mine.npy", np.zeros((30, 8, 8), np.uint8) + np.arange(8, dtype=np.uint8))
    with pytest.raises(ConfigError, match=r"has rows of shape \(8, 8, 1\)"):
        rows_of(tmp_path / "mine.npy", tmp_path / "w", "last_frame")


def test_errors_are_scikit_learns():
    random = np.random.RandomState(0)
    films, said = random.randint(0, 2, (5, 4, 9)), random.uniform(0.01, 0.99, (5, 4, 9))
    mse, nats = (
        getattr(ENTRY.module, name)(said, films, 16) for name in ("errors", "cross_entropy")
    )
    for t in range(4):
        whole = films[:, t].ravel(), said[:, t].ravel()
        assert mse[t] == pytest.approx(16 * 9 * mean_squared_error(*whole))
        assert nats[t] == pytest.approx(16 * 9 * log_loss(*whole))
    assert ENTRY.module.errors(films, films, 16).max() == 0


def test_controls_see_frames_without_their_order_or_nothing():
    past = np.random.RandomState(0).uniform(size=(50, 10, 3))
    mixed = ENTRY.module.changed(past, "shuffled")
    np.testing.assert_allclose(np.sort(mixed, axis=1), np.sort(past, axis=1))
    assert (mixed[:, 0] != past[:, 0]).any(-1).mean() > 0.7
    np.testing.assert_array_equal(mixed, ENTRY.module.changed(past, "shuffled"))
    assert not ENTRY.module.changed(past, "blank").any()
    assert ENTRY.module.changed(past, "as it is") is past


def test_components_of_frames_keep_what_they_can():
    random = np.random.RandomState(0)
    films = (random.normal(size=(40, 5, 2)) @ random.normal(size=(2, 6)) + 3).astype(np.float32)
    coder = ENTRY.module.coder(films, 2)
    codes = coder.encode(films)
    assert codes.shape == (40, 5, 2)
    assert np.square(codes).mean() == pytest.approx(1, rel=0.02)
    np.testing.assert_allclose(coder.decode(codes), films, atol=1e-4)
    assert ENTRY.module.coder(films, 100).axes.shape == (6, 6)
