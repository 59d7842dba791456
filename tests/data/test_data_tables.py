"""Tables: `.csv`, `.tsv`, `.parquet` and `.h5`, whole and broken."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from aejax import data, errors
from aejax.cli.apply import read_input
from aejax.errors import ConfigError

X = np.random.default_rng(0).normal(size=(20, 3)).round(4)
FRAME = pd.DataFrame(X, columns=["a", "b", "c"])


def one_line(call, *says):
    with pytest.raises(ConfigError) as caught:
        call()
    message = str(caught.value)
    assert "\n" not in message
    for words in says:
        assert words in message


def write(frame: pd.DataFrame, path, **options) -> None:
    if path.suffix == ".parquet":
        frame.rename(columns=str).to_parquet(path)
    else:
        frame.to_csv(
            path, sep="\t" if path.suffix == ".tsv" else ",", **{"index": False, **options}
        )


def rows_of(loaded) -> np.ndarray:
    both = np.concatenate([loaded.train, loaded.test])
    return both[np.argsort(both[:, 0])]


EXPECTED = X[np.argsort(X[:, 0])].astype(np.float32)


@pytest.mark.parametrize("kind", ["csv", "tsv", "parquet"])
def test_a_table_is_rows_of_numbers(tmp_path, kind):
    write(FRAME, path := tmp_path / f"x.{kind}")
    loaded = data.load(path)
    assert (loaded.train.shape, loaded.test.shape) == ((16, 3), (4, 3))
    assert loaded.train.dtype == np.float32
    np.testing.assert_array_equal(rows_of(loaded), EXPECTED)
    np.testing.assert_array_equal(read_input(str(path)), X)


def test_a_table_without_names_has_no_row_less(tmp_path):
    write(FRAME, tmp_path / "x.csv", header=False)
    np.testing.assert_array_equal(rows_of(data.load(tmp_path / "x.csv")), EXPECTED)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_names_in_other_scripts(tmp_path, encoding):
    write(FRAME.rename(columns={"a": "größe"}), tmp_path / "x.csv", encoding=encoding)
    np.testing.assert_array_equal(rows_of(data.load(tmp_path / "x.csv")), EXPECTED)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
@pytest.mark.parametrize(
    "classes", [np.arange(20) % 3, np.array(["b", "a", "c"])[np.arange(20) % 3]]
)
def test_a_column_of_labels(tmp_path, kind, classes):
    write(FRAME.assign(Label=classes), path := tmp_path / f"x.{kind}")
    loaded = data.load(path)
    assert loaded.train.shape == (16, 3)
    assert loaded.train_labels is not None
    numbers = np.unique(classes, return_inverse=True)[1]
    for row, label in zip(loaded.train, loaded.train_labels, strict=True):
        assert numbers[np.flatnonzero((X.astype(np.float32) == row).all(1))[0]] == label


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_what_is_wrong_has_its_column_and_row(tmp_path, kind):
    path = tmp_path / f"x.{kind}"
    write(FRAME.assign(d=["1"] * 6 + ["six"] + ["2"] * 13), path)
    one_line(lambda: data.load(path), f"x.{kind}", "column 'd'", "'six' in row 6")
    write(FRAME.assign(d=np.where(np.arange(20) == 7, np.nan, 1.0)), path)
    one_line(lambda: data.load(path), f"x.{kind}", "column 'd'", "no value in row 7")
    write(FRAME.assign(d=np.where(np.arange(20) == 8, np.inf, 1.0)), path)
    one_line(lambda: data.load(path), f"x.{kind}", "inf in row 8, column 3")
    write(FRAME.assign(y=np.arange(20) / 2), path)
    one_line(lambda: data.load(path), f"x.{kind}", "column 'y'", "0.5 in row 1")


def test_row_numbers_are_no_feature(tmp_path):
    write(FRAME, tmp_path / "x.csv", index=True)
    one_line(lambda: data.load(tmp_path / "x.csv"), "'Unnamed: 0' counts the rows", "index=False")


@pytest.mark.parametrize("kind", ["csv", "tsv", "parquet", "h5"])
@pytest.mark.parametrize("content", [b"", b"\x89PNG\xff\xfe\x00", b"a,b\n1,2\n3,4,5\n", b"\n\n"])
def test_broken_tables(tmp_path, kind, content):
    if kind == "h5":
        pytest.importorskip("h5py")
    (tmp_path / f"x.{kind}").write_bytes(content)
    one_line(lambda: data.load(tmp_path / f"x.{kind}"), f"x.{kind}")


@pytest.mark.parametrize(
    ("kind", "package"), [("csv", "pandas"), ("parquet", "pandas"), ("h5", "h5py")]
)
def test_the_extra_is_named_where_a_package_is_missing(tmp_path, monkeypatch, kind, package):
    def missing(name: str):
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    monkeypatch.setattr(errors.importlib, "import_module", missing)
    (tmp_path / f"x.{kind}").write_text("1,2\n3,4\n")
    one_line(lambda: data.load(tmp_path / f"x.{kind}"), f"'{package}'", "aejax[tables]")


def test_arrays_of_an_h5_file(tmp_path):
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["x_train"], file["x_test"], file["y_train"] = X[:15], X[15:], np.arange(15)
        file.create_group("notes")
    loaded = data.load(tmp_path / "x.h5")
    np.testing.assert_array_equal(loaded.train, X[:15].astype(np.float32))
    np.testing.assert_array_equal(loaded.test, X[15:].astype(np.float32))
    assert loaded.train_labels is not None
    assert loaded.train_labels.tolist() == list(range(15))
    one_line(lambda: read_input(str(tmp_path / "x.h5")), "x_test, x_train, y_train", "called x")
    with h5py.File(tmp_path / "y.hdf5", "w") as file:
        file["images"] = np.zeros((10, 4, 4), np.uint8)
    assert data.load(tmp_path / "y.hdf5").train.shape == (8, 4, 4, 1)
    assert read_input(str(tmp_path / "y.hdf5")).shape == (10, 4, 4)
    with h5py.File(tmp_path / "z.h5", "w") as file:
        file.create_group("frame").attrs["pandas_type"] = "frame"
    one_line(lambda: data.load(tmp_path / "z.h5"), "a table of pandas", ".parquet")
    with h5py.File(tmp_path / "w.h5", "w") as file:
        file["a"], file["b"] = X, X
    one_line(lambda: data.load(tmp_path / "w.h5"), "none is known as the examples")
