"""A stranger's files, by README and docs alone: every kind through the application made for it.

What is in them is checked against pandas, Pillow, a Fourier transform or a count by hand; what is
wrong with them is refused in one line that names file and place, and nothing is written.
"""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas
import pytest
import scipy.sparse
from PIL import Image
from rich.console import Console
from scipy.io import wavfile

import aejax
from aejax.data import folder as images
from aejax.data.documents import load_documents
from aejax.data.ratings import matrix, read_ratings
from aejax.data.sounds import read_folder
from aejax.errors import ConfigError
from aejax.reproduce import papers, scaler
from aejax.sweep import base, make_plan, run
from tests.sweep.common import quiet

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "configs" / "applications"
ROWS = 150
SIZES = [(24, 20), (28, 28), (40, 24), (18, 33)]  # height, width
RATES = (8_000, 8_000, 16_000, 44_100)
LEVELS = ("blue", "green", "red")


def table(path: Path) -> Path:
    """Two numbers of one factor, a category of three, counts, true and false, gaps, and labels."""
    random = np.random.RandomState(0)
    odd = np.arange(ROWS) % 4 == 0
    size = random.normal(size=ROWS) + 3 * odd
    frame = pandas.DataFrame(
        {
            "size": size.round(4),
            "weight": (2 * size + 0.1 * random.normal(size=ROWS)).round(4),
            "colour": np.where(odd, "red", random.choice(LEVELS, ROWS)),
            "count": random.randint(0, 9, ROWS),
            "whole": random.rand(ROWS) < 0.5,
        }
    ).astype(object)
    for name in frame.columns:
        frame.loc[random.rand(ROWS) < 0.1, name] = np.nan
    frame["label"] = np.where(odd, "odd", "usual")
    frame.to_csv(path, index=False)
    return path


def numbers(path: Path) -> Path:
    """Whole numbers and fractions with names, as `.csv` and `.parquet` have them."""
    random = np.random.RandomState(1)
    frame = pandas.DataFrame({"a": random.normal(size=ROWS), "b": random.randint(0, 9, ROWS)})
    frame["label"] = np.where(np.arange(ROWS) % 3 == 0, "odd", "usual")
    frame.to_parquet(path) if path.suffix == ".parquet" else frame.to_csv(path, index=False)
    return path


def pictures(path: Path, count: int = 40) -> Path:
    """PNG and JPEG of four sizes; every third has colour."""
    random = np.random.RandomState(2)
    path.mkdir()
    for i in range(count):
        height, width = SIZES[i % 4]
        y, x = np.mgrid[:height, :width]
        turn = random.rand(2) * 6
        grey = (127 + 100 * np.sin(x / 5 + turn[0]) * np.cos(y / 7 + turn[1])).astype(np.uint8)
        pixels = np.stack([grey, 255 - grey, grey // 2], -1) if i % 3 == 0 else grey
        Image.fromarray(pixels).save(path / f"i{i:02}.{('png', 'jpg')[i % 2]}")
    return path


def ratings(path: Path, users: range, extra: str = "") -> Path:
    """Two tastes: users of even numbers like the first twenty items, the others the last."""
    random = np.random.RandomState(users.start)
    lines = ["userId,movieId,rating,timestamp"]
    for u in users:
        for i in random.permutation(20)[:8] + (u % 2) * 20:
            lines += [f"u{u},m{i},{random.randint(4, 6)},1", f"u{u},m{(i + 20) % 40},1,1"]
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join([*lines, *extra.splitlines()]) + "\n")
    return path


def tones(path: Path) -> Path:
    """Tones of 300, 340, ... Hz, of three rates, integers and floats, one channel and two."""
    path.mkdir()
    for i in range(12):
        rate = RATES[i % 4]
        time = np.arange(int(0.6 * rate)) / rate
        tone = 0.4 * np.sin(2 * np.pi * (300 + 40 * i) * time) * np.hanning(len(time))
        both = tone[:, None] * [1.5, 0.5] if i % 3 == 2 else tone
        whole = np.round(both * 32767).astype(np.int16)
        wavfile.write(path / f"s{i:02}.wav", rate, both.astype(np.float32) if i % 2 else whole)
    return path


def texts(path: Path) -> Path:
    """Eighty texts of three topics of thirteen words each."""
    random = np.random.RandomState(3)
    path.mkdir()
    for i in range(80):
        words = [f"{'abc'[i % 3]}{'aeiou'[k % 5]}{'lmn'[k // 5]}word" for k in range(13)]
        (path / f"t{i:02}.txt").write_text(" ".join(random.choice(words, 30)))
    return path


def counts(path: Path, **changed: float) -> Path:
    """What scipy.sparse.save_npz writes, and its vocabulary beside it."""
    random = np.random.RandomState(4)
    rows = scipy.sparse.csr_array(random.poisson(0.3, (120, 60)).astype(np.float64))
    for place, value in changed.items():
        rows.data[int(place[1:])] = value
    scipy.sparse.save_npz(path, rows)
    words = [f"{a}{b}word" for a in "abcdef" for b in "ghijklmnop"]
    path.with_suffix(".vocab.txt").write_text("\n".join(words))
    return path


def archive(path: Path, **changed: np.ndarray) -> Path:
    random = np.random.RandomState(5)
    arrays = {"x": random.normal(size=(ROWS, 4)), "labels": np.arange(ROWS) % 3 // 2}
    np.savez(path, **(arrays | changed))
    return path


# Kind -> what makes it, its application, and what is said beside the path.
KINDS = {
    "table.csv": (table, "anomaly_detection", ()),
    "gaps.csv": (table, "imputation", ()),
    "table.parquet": (numbers, "features", ()),
    "pictures": (pictures, "image_denoising", ("--resize=16",)),
    "ratings.csv": (lambda path: ratings(path, range(80)), "recommendation", ()),
    "tones": (tones, "audio_denoising", ()),
    "texts": (texts, "topics", ()),
    "counts.npz": (counts, "topics", ()),
    "archive.npz": (archive, "anomaly_detection", ()),
}


def command(name: str, path: Path, workdir: Path, *more: str) -> subprocess.CompletedProcess[str]:
    line = [
        sys.executable, "-m", "experiments.reproduce", name, "--scale=smoke", f"--dataset={path}",
        f"--workdir={workdir}", *more,
    ]  # fmt: skip
    return subprocess.run(line, cwd=ROOT, capture_output=True, text=True)


def lines_of(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_goes_through_its_application(kind, tmp_path):
    make, name, more = KINDS[kind]
    path = make(tmp_path / kind)
    done = command(name, path, tmp_path / "w", *more)
    assert done.returncode == 0, done.stderr
    rows = lines_of(tmp_path / "w" / "tasks" / "results.jsonl")
    assert len({row["point"]["method"] for row in rows}) > 2
    assert all(row["status"] == "ok" for row in rows)
    assert any(row["data"] for row in rows)  # not of those made of other rows
    assert list((tmp_path / "w" / "figures").glob("*.png"))
    # The same command goes on where it was; with another content it does not.
    assert command(name, path, tmp_path / "w", *more).returncode == 0
    one = path if path.is_file() else min(path.iterdir())
    one.write_bytes(one.read_bytes() + b"\n")
    again = command(name, path, tmp_path / "w", *more)
    assert again.returncode == 2
    assert "rows of another content" in again.stderr


def test_a_folder_of_pictures_goes_through_a_sweep(tmp_path):
    path = pictures(tmp_path / "mine")
    line = [
        sys.executable, "-m", "experiments.sweep", "--config=configs/quickstart.py:smoke",
        f"--config.dataset={path}", "--config.resize=8", "--config.batch_size=16",
        f"--workdir={tmp_path / 'w'}",
    ]  # fmt: skip
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    rows = lines_of(tmp_path / "w" / "results.jsonl")
    assert {row["status"] for row in rows} == {"ok"}


def swept(path: Path, workdir: Path, **fields: object) -> list[dict]:
    """Returns the rows of a sweep of one model."""
    fields = {"steps": 20, "eval_every": 10, "batch_size": 16, **fields}
    config = base("small", name="own", dataset=str(path), **fields)
    return list(run(make_plan(config, [{"seed": 0}]), workdir, quiet()).rows)


def test_a_sweep_of_a_sparse_archive_is_that_of_the_dense_rows(tmp_path):
    path = counts(tmp_path / "sparse.npz")
    np.savez(tmp_path / "dense.npz", x=scipy.sparse.load_npz(path).toarray().astype(np.float32))
    fields = {"model": "undercomplete", "args.widths": (8,), "args.latent": 2}
    fields["args.likelihood"] = "gaussian"
    ((one,), (two,)) = (
        swept(tmp_path / f"{name}.npz", tmp_path / name, **fields) for name in ("sparse", "dense")
    )
    assert one["status"] == "ok"
    assert one["metrics"].keys() == two["metrics"].keys()
    assert one["metrics"].pop("mse_pca") is None  # as many numbers as dense rows
    for name, value in one["metrics"].items():
        assert value == pytest.approx(two["metrics"][name], rel=1e-4), name
    shown = []
    for name in ("sparse", "dense"):
        with np.load(next((tmp_path / name / "arrays").iterdir())) as arrays:
            shown.append(arrays["inputs"])
    np.testing.assert_array_equal(*shown)


def test_a_sweep_takes_what_a_sparse_archive_does_not_store_for_unrated(tmp_path):
    path = counts(tmp_path / "mine.npz", d5=0.0)
    (row,) = swept(path, tmp_path / "w", model="autorec", **{"args.latent": 2})
    assert row["status"] == "ok"
    assert np.isfinite(row["metrics"]["test_mse_per_image"])
    loaded = aejax.data.load(path, sparse=True)
    assert sum(len(split) for split in (loaded.train, loaded.test)) == 120
    stored = scipy.sparse.load_npz(path)
    assert sum((split.index < 60).sum() for split in (loaded.train, loaded.test)) == stored.nnz


def test_a_broken_sparse_archive_is_no_data_set_of_a_sweep(tmp_path):
    path = counts(tmp_path / "mine.npz", d5=np.inf)
    with pytest.raises(ConfigError, match=r"mine\.npz' holds inf in row 0, column"):
        swept(path, tmp_path / "w", model="undercomplete")
    with pytest.raises(ConfigError, match="is a sparse matrix of scipy"):
        aejax.data.load(path)
    with np.load(counts(path)) as archive:
        held = dict(archive)
    held["indices"][7] = 60  # there are columns up to 59
    np.savez(path, **held)
    with pytest.raises(ConfigError, match=r"mine\.npz' is no sparse matrix"):
        swept(path, tmp_path / "w", model="undercomplete")
    held["indptr"] = held["indptr"][:-1]
    np.savez(path, **held)
    with pytest.raises(ConfigError, match=r"mine\.npz': the sparse matrix cannot be read"):
        swept(path, tmp_path / "w", model="undercomplete")
    assert not (tmp_path / "w").exists()


def reading(name: str, path: Path, workdir: Path, **fields: object) -> None:
    """Begins an application as its command does, in this process."""
    entry = papers.load(FOLDER, name)
    config = papers.configure(entry, "smoke", dataset=str(path), **fields)
    console = Console(file=io.StringIO())
    papers.measure(entry, config, workdir, console, own=True)


def refused(name: str, path: Path, folder: Path, **fields: object) -> str:
    """Returns the line that an application says of a file; it has written no row, no figure."""
    with pytest.raises(ConfigError) as error:
        reading(name, path, folder / "w", **fields)
    said = str(error.value)
    assert "\n" not in said
    assert str(path) in said
    assert not (folder / "w").exists()
    return said


def text(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n")
    return path


ROW = "1.5,2,odd"
# What is wrong -> lines of a table, and what is said of them.
TABLES = {
    "bad column": (
        ["a,b,label", *[f"{i},{i % 7},odd" for i in range(60)], "3,oops,odd"],
        "column 'b' holds 'oops' in row 60, between numbers",
    ),
    "infinity": (["a,b,label", ROW, "inf,2,odd"], "column 'a' holds inf in row 1"),
    "names": (
        ["a,b,label", *[f"n{i},{i},odd" for i in range(60)]],
        "column 'a' has 60 different words, the first 'n0' in row 0",
    ),
    "no value": (["a,b,label", *["1,,odd"] * 9], "column 'b' has no value in any row"),
    "no label": (["a,b,label", ROW, "1,2,"], "column 'label' has no label in row 1"),
    "a line too long": (["a,b,label", ROW, "1,2,3,odd"], "Expected 3 fields in line 3, saw 4"),
    "all lines too long": (["a,b,label", "1,2,odd,"], "line 2 has 4 fields. Allowed: 3"),
    "a line too short": (["a,b,label", ROW, "1,odd"], "line 3 has 2 fields. Allowed: 3"),
    "columns of one name": (["a,b,a,label", "1,2,3,odd"], "the name 'a' in columns 1 and 3"),
    "another separator": (["a;b;label", "1;2;odd"], "separated by ',', and not by ';'"),
    "decimal commas": (["a;b;label", "1,5;2;odd", "2,5;2;odd"], "separated by ',', and not"),
    "counted rows": ([",a,label", "0,1,odd", "1,2,odd"], "counts the rows"),
    "names alone": (["a,b,label"], "has no rows"),
    "nothing": ([""], "No columns to parse from file"),
    "one class": (["a,b,label", *[ROW] * 40], "has 1 classes"),
}


@pytest.mark.parametrize("wrong", TABLES)
def test_a_table_with_a_fault_is_refused(wrong, tmp_path):
    lines, said = TABLES[wrong]
    path = text(tmp_path / "mine.csv", *lines)
    assert said in refused("anomaly_detection", path, tmp_path)
    # Imputation has no use for labels, and the rows added here are not counted.
    if wrong not in ("one class", "no label", "counted rows"):
        more = text(tmp_path / "longer.csv", *lines, *[lines[-1]] * 20 * (len(lines) > 1))
        assert said.split(" in row")[0] in refused("imputation", more, tmp_path)


def test_a_parquet_with_a_fault_is_refused(tmp_path):
    path = tmp_path / "mine.parquet"
    pandas.DataFrame({"name": [f"n{i}" for i in range(60)]}).to_parquet(path)
    assert "column 'name' has 60 different words" in refused("anomaly_detection", path, tmp_path)
    with pytest.raises(ConfigError, match=r"column 'name' is .*'n0' in row 0") as error:
        aejax.data.load(path)  # which wants numbers alone
    assert "\n" not in str(error.value)
    path.write_bytes(path.read_bytes()[:-100])
    assert "the table cannot be read" in refused("anomaly_detection", path, tmp_path)


def test_a_broken_picture_is_refused(tmp_path):
    path = pictures(tmp_path / "mine", 8)
    asked = lambda: refused("image_denoising", path, tmp_path, resize=16)
    first = refused("image_denoising", path, tmp_path)
    assert "i00.png' is 24x20 pixels" in first
    assert "--resize=N" in first
    good = (path / "i03.jpg").read_bytes()
    for data in (good[:200], b"", b"no image"):
        (path / "i03.jpg").write_bytes(data)
        assert "i03.jpg' cannot be read" in asked()
    (path / "i03.jpg").write_bytes(good)
    assert "has 6 training and 2 test images. Allowed: 10 training images" in asked()
    for file in path.iterdir():
        file.unlink()
    assert "holds no images" in asked()


# What stands in the line after the last, and what is said of it; line 1 has names.
LINES = {
    "u3,m3,-1,5": "line 1282 has the rating '-1'",
    "u3,m3,,5": "line 1282 has the rating ''",
    "u3,m3,good,5": "line 1282 has the rating 'good'",
    "u3,m3,inf,5": "line 1282 has the rating 'inf'",
    "u3,m3": "line 1282 has 2 fields",
    ",m3,4,5": "line 1282 has no user",
}


@pytest.mark.parametrize("line", LINES)
def test_a_bad_rating_is_refused(line, tmp_path):
    path = ratings(tmp_path / "mine.csv", range(80), line)
    assert LINES[line] in refused("recommendation", path, tmp_path)


def test_other_ratings_files_with_a_fault_are_refused(tmp_path):
    path = text(tmp_path / "mine.csv", "who,movieId,rating", "u1,m1,3")
    assert "none of them is the user" in refused("recommendation", path, tmp_path)
    path.write_text("")
    assert "has no ratings" in refused("recommendation", path, tmp_path)
    ratings(tmp_path / "two" / "train.csv", range(80))
    ratings(tmp_path / "two" / "test.csv", range(200, 215), "u201,m999,5,3")
    said = refused("recommendation", tmp_path / "two", tmp_path)
    assert "test.csv', line 242 has the item 'm999', and 1 in all" in said


def test_a_broken_recording_is_refused(tmp_path):
    path = tones(tmp_path / "mine")
    whole = (path / "s05.wav").read_bytes()  # two channels of floats
    asked = lambda: refused("audio_denoising", path, tmp_path)
    for data, said in (
        (whole[:-1001], f"it ends at byte {len(whole) - 1001:,} of {len(whole):,}"),
        (whole[:30], f"it ends at byte 30 of {len(whole):,}"),
        (b"", "it is empty"),
        (b"no sound at all", "File format b'no s' not understood"),
    ):
        (path / "s05.wav").write_bytes(data)
        assert f"s05.wav' cannot be read: {said}" in asked()
    wavfile.write(path / "s05.wav", 8000, np.zeros(8000, np.int16))
    assert "s05.wav' is silent" in asked()
    shutil.rmtree(path)
    path.mkdir()
    assert "has no .wav file" in asked()


def test_an_archive_with_a_fault_is_refused(tmp_path):
    path, name = tmp_path / "mine.npz", "anomaly_detection"
    archive(path, x=np.array([[1, "a"], [2, None]], object))
    assert "array 'x' cannot be read: it holds Python objects" in refused(name, path, tmp_path)
    archive(path, labels=np.array(["odd", None] * 75, object))
    assert "array 'labels' cannot be read: it holds Python" in refused(name, path, tmp_path)
    archive(path, labels=np.array(["odd", "usual"] * 75))
    assert "array 'labels' has dtype <U5" in refused(name, path, tmp_path)
    archive(path, labels=np.arange(7))
    assert "array 'labels' has shape (7,)" in refused(name, path, tmp_path)
    archive(path, x=np.where(np.eye(ROWS, 4) > 0, np.nan, 1.0))
    assert "array 'x' holds nan in row 0, column 0" in refused(name, path, tmp_path)
    path.write_bytes(path.read_bytes()[:300])
    assert "the archive cannot be read" in refused(name, path, tmp_path)


def test_a_sparse_archive_with_a_fault_is_refused(tmp_path):
    path = tmp_path / "mine.npz"
    counts(path, d5=np.nan)
    assert "holds nan in document 1, word" in refused("topics", path, tmp_path)
    counts(path, d5=-2)
    assert "holds -2 in document 1, word" in refused("topics", path, tmp_path)
    assert "is a sparse matrix of scipy" in refused("anomaly_detection", path, tmp_path)
    counts(path).with_suffix(".vocab.txt").write_text("one\ntwo\n")
    assert "60 columns and a vocabulary of 2 words" in refused("topics", path, tmp_path)
    path.with_suffix(".vocab.txt").unlink()
    assert "mine.vocab.txt' is not there" in refused("topics", path, tmp_path)
    path.write_bytes(path.read_bytes()[:300])
    assert "cannot be read" in refused("topics", path, tmp_path)


def test_broken_texts_are_refused(tmp_path):
    path = texts(tmp_path / "mine")
    (path / "t07.txt").write_bytes(b"one line\nand \xff\xfe\n")
    assert "t07.txt', line 2 is no UTF-8: byte 13" in refused("topics", path, tmp_path)
    (path / "t07.txt").write_text("")
    assert "t07.txt' is empty" in refused("topics", path, tmp_path)
    column = text(tmp_path / "mine.csv", "id,words", "1,some words")
    assert "none is 'text'" in refused("topics", column, tmp_path)


@pytest.mark.parametrize(
    ("name", "kind", "broken"),
    [
        ("anomaly_detection", "mine.csv", lambda path: path.write_text("a,b,label\n1,2\n")),
        ("recommendation", "mine.csv", lambda path: path.write_text("u,m,-1\n")),
        ("topics", "mine.npz", lambda path: path.write_bytes(b"PK")),
    ],
)
def test_the_command_says_it_in_one_line_with_status_2(name, kind, broken, tmp_path):
    broken(tmp_path / kind)
    done = command(name, tmp_path / kind, tmp_path / "w")
    assert done.returncode == 2
    (line,) = done.stderr.strip().splitlines()
    assert str(tmp_path / kind) in line


def test_columns_of_categories_and_gaps(tmp_path):
    path = table(tmp_path / "mine.csv")
    frame = pandas.read_csv(path)
    found = aejax.data.load(path, gaps=True, test_fraction=0.2)
    order = np.random.RandomState(0).permutation(ROWS)  # of `hold_out`: the first are for test
    rows, labels = np.full((ROWS, 8), np.inf), np.full(ROWS, -1)
    rows[order], labels[order] = (
        np.concatenate(both)
        for both in ((found.test, found.train), (found.test_labels, found.train_labels))
    )
    np.testing.assert_allclose(rows[:, 0], frame["size"], rtol=1e-6)
    np.testing.assert_allclose(rows[:, 1], frame["weight"], rtol=1e-6)
    for i, level in enumerate(LEVELS):  # in their order, NaN together
        expected = np.where(frame["colour"].isna(), np.nan, frame["colour"] == level)
        np.testing.assert_array_equal(rows[:, 2 + i], expected)
    np.testing.assert_array_equal(rows[:, 5], frame["count"])
    for i, value in enumerate((False, True)):
        expected = np.where(frame["whole"].isna(), np.nan, frame["whole"] == value)
        np.testing.assert_array_equal(rows[:, 6 + i], expected)
    np.testing.assert_array_equal(labels, frame["label"] == "usual")
    assert 40 < np.isnan(rows).sum() < 200
    # In an application columns are standardised, and a gap is the mean of what is there.
    scaled = scaler(rows)(rows)
    size = frame["size"]
    expected = ((size - size.mean()) / size.std(ddof=0)).fillna(0)
    np.testing.assert_allclose(scaled[:, 0], expected, atol=1e-5)
    with pytest.raises(ConfigError, match="column 'size' has no value in row"):
        aejax.data.load(path)  # for models that know of no gaps


def test_a_model_that_knows_of_gaps_is_trained_on_them(tmp_path):
    found = aejax.data.load(table(tmp_path / "mine.csv"), gaps=True)
    model = aejax.models.miwae(8, latent=2, widths=(8,), likelihood="gaussian")
    fitted = aejax.fit(model, found.train, steps=20, batch_size=32, progress=False)
    filled = aejax.impute(fitted, found.test, samples=20).mean
    assert np.isfinite(filled).all()


def test_odd_rows_of_a_table_with_categories_and_gaps_are_found(tmp_path):
    path = table(tmp_path / "mine.csv")
    entry = papers.load(FOLDER, "anomaly_detection")
    config = papers.configure(entry, "smoke", dataset=str(path))
    entry.module.METHODS = ("nearest_neighbour",)
    rows = papers.measure(entry, config, tmp_path / "w", Console(file=io.StringIO()), own=True)
    found = [row for row in rows if row["point"]["task"] == "detect"]
    print([row["metrics"]["auroc"] for row in found])
    assert all(row["metrics"]["auroc"] > 0.8 for row in found)
    assert all(len(row["content"]) == 16 for row in found)


def test_names_that_are_numbers_and_rows_without_names(tmp_path):
    frame = pandas.DataFrame(np.random.RandomState(0).normal(size=(30, 3)))
    frame.to_csv(tmp_path / "mine.csv", index=False)  # the first line is 0,1,2
    frame.to_csv(tmp_path / "bare.csv", index=False, header=False)
    mine, bare = (aejax.data.load(tmp_path / f"{name}.csv") for name in ("mine", "bare"))
    np.testing.assert_array_equal(mine.train, bare.train)
    assert len(mine.train) + len(mine.test) == 30


def test_a_parquet_holds_what_a_csv_does(tmp_path):
    paths = numbers(tmp_path / "mine.csv"), numbers(tmp_path / "mine.parquet")
    for gaps in (False, True):
        one, two = (aejax.data.load(path, gaps=gaps) for path in paths)
        np.testing.assert_allclose(one.train, two.train, rtol=1e-6)
        np.testing.assert_array_equal(one.test_labels, two.test_labels)
        assert set(one.train_labels) == {0, 1}


def test_pictures_are_scaled_as_pillow_does(tmp_path):
    path = pictures(tmp_path / "mine", 12)
    found = images.load_images(path, (16, 12))
    assert found.shape == (12, 16, 12, 3)  # one has colour, so all are RGB
    for i, file in enumerate(sorted(path.iterdir())):
        with Image.open(file) as image:
            expected = np.asarray(image.resize((12, 16), Image.Resampling.LANCZOS))
        assert expected.ndim == (3 if i % 3 == 0 else 2)
        expected = expected if expected.ndim == 3 else np.stack([expected] * 3, -1)
        np.testing.assert_array_equal(found[i], expected)


def test_a_ratings_file_is_its_matrix(tmp_path):
    path = ratings(tmp_path / "mine.csv", range(80), "u7,new one,2.5,9")
    frame = pandas.read_csv(path).drop_duplicates(["userId", "movieId"], keep="last")
    found = read_ratings(path)
    dense = matrix(found).toarray()
    assert dense.shape == (80, 41)
    for user, item, value in frame[["userId", "movieId", "rating"]].itertuples(index=False):
        assert dense[found.users.index(user), found.items.index(item)] == value
    assert (dense != 0).sum() == len(frame)


def test_recordings_come_to_one_rate_with_their_pitch(tmp_path):
    with pytest.warns(UserWarning, match="6 of 12 recordings were resampled to 8000 Hz"):
        found = read_folder(tones(tmp_path / "mine"))
    assert found.rate == 8000
    assert len(found.waves) == 12
    for i, samples in enumerate(found.waves):
        assert len(samples) == pytest.approx(0.6 * 8000, abs=2)
        power = np.abs(np.fft.rfft(samples, 2**16))
        assert power.argmax() * 8000 / 2**16 == pytest.approx(300 + 40 * i, abs=0.5)
        assert np.abs(samples).max() == pytest.approx(0.4, abs=0.01)  # of channels the mean


def test_a_sparse_archive_is_its_counts(tmp_path):
    path = counts(tmp_path / "mine.npz")
    given, found = scipy.sparse.load_npz(path), load_documents(str(path))
    assert (found.counts.tocsr() != given).nnz == 0
    assert found.words[11] == "bhword"
    model = aejax.models.undercomplete(60, latent=2, widths=(8,), likelihood="gaussian")
    fitted = aejax.fit(model, given, steps=5, batch_size=20, progress=False)
    dense = aejax.encode(fitted, given.toarray().astype(np.float32))
    np.testing.assert_allclose(aejax.encode(fitted, given), dense, atol=1e-5)


def test_texts_are_counted_in_the_order_of_their_files(tmp_path):
    path = texts(tmp_path / "mine")
    found = load_documents(str(path))
    dense = found.counts.toarray()
    for row, file in zip(dense, sorted(path.iterdir()), strict=True):
        words = file.read_text().split()
        assert {w: words.count(w) for w in words} == {
            found.words[i]: row[i] for i in np.flatnonzero(row)
        }
