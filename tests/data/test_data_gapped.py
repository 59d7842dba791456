"""Tables with categories and gaps: read, completed, and refused with file, column and row."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from aejax import data
from aejax.data.gapped import read_gapped
from aejax.errors import ConfigError

RNG = np.random.default_rng(0)


def frame(rows: int = 30) -> pd.DataFrame:
    made = pd.DataFrame(
        {
            "age": RNG.integers(20, 60, rows).astype(float),
            "height": RNG.normal(1.7, 0.1, rows).round(3),
            "colour": np.array(["red", "green", "blue"])[np.arange(rows) % 3],
            "smokes": np.arange(rows) % 2 == 0,
        }
    )
    made.loc[3, "age"] = np.nan
    made.loc[[4, 7], "colour"] = None
    made.loc[5, "height"] = np.nan
    made["smokes"] = made["smokes"].astype(object)
    made.loc[6, "smokes"] = None
    return made


@pytest.fixture(params=["csv", "tsv", "parquet"])
def path(request, tmp_path):
    where = tmp_path / f"mine.{request.param}"
    if request.param == "parquet":
        pytest.importorskip("pyarrow")
        frame().to_parquet(where, index=False)
    else:
        frame().to_csv(where, index=False, sep="," if request.param == "csv" else "\t")
    return where


def test_numbers_and_categories_are_columns_with_gaps(path):
    found = read_gapped(path)
    assert [column.name for column in found.columns] == ["age", "height", "colour", "smokes"]
    assert [column.levels for column in found.columns] == [
        (), (), ("blue", "green", "red"), (False, True),
    ]  # fmt: skip
    assert found.owner.tolist() == [0, 1, 2, 2, 2, 3, 3]
    assert [column.whole for column in found.columns[:2]] == [True, False]
    gaps = np.isnan(found.values)
    assert gaps.sum() == 1 + 1 + 2 * 3 + 2
    assert gaps[4, 2:5].all()
    assert found.values[0, 2:5].tolist() == [0, 0, 1]  # red
    assert found.values[1, 5:].tolist() == [1, 0]  # False


def test_a_completed_table_has_the_files_cells_and_no_gap(path):
    found = read_gapped(path)
    filled = np.where(np.isnan(found.values), 0.4, found.values)
    filled[3, 0] = 33.7
    filled[4, 2:5], filled[7, 2:5] = [0.1, 0.6, 0.3], [0.1, 0.2, 0.3]
    done, given = found.completed(filled), frame()
    assert not done.isna().to_numpy().any()
    assert done["age"][3] == 34  # whole numbers stay whole
    assert done["height"][5] == pytest.approx(0.4)
    assert (done["colour"][4], done["colour"][7]) == ("green", "red")
    assert bool(done["smokes"][6]) is False  # of equals the first
    seen = found.frame.notna().to_numpy()
    same = done.to_numpy(object) == found.frame.to_numpy(object)
    assert same[seen].all()
    assert list(done.columns) == list(given.columns)


def test_the_completed_table_reads_back_as_it_was_written(tmp_path):
    path = tmp_path / "mine.csv"
    frame().to_csv(path, index=False)
    found = read_gapped(path)
    filled = np.where(np.isnan(found.values), 0, found.values)
    found.completed(filled).to_csv(tmp_path / "done.csv", index=False)
    again = read_gapped(tmp_path / "done.csv")
    np.testing.assert_array_equal(again.values[:, [0, 1]], filled[:, [0, 1]])
    assert again.columns[2].levels == found.columns[2].levels


def broken(column: str, row: int, value) -> pd.DataFrame:
    made = frame().astype({column: object})
    made.loc[row, column] = value
    return made


NAMES = pd.DataFrame({"x": range(60), "name": [f"person {i}" for i in range(60)]})


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (broken("height", 11, "tall"), "column 'height' holds 'tall' in row 11, between numbers"),
        (broken("age", 6, np.inf), "column 'age' holds inf in row 6"),
        (frame().assign(empty=np.nan), "column 'empty' has no value in any row"),
        (
            NAMES.assign(x=1.5),
            "column 'name' has 60 different words, the first 'person 0' in row 0",
        ),
        (frame(12), "has 12 rows and 4 columns"),
        (frame().reset_index(names="Unnamed: 0"), "counts the rows"),
    ],
)
def test_what_is_wrong_is_said_with_file_column_and_row(table, said, tmp_path):
    path = tmp_path / "mine.csv"
    table.to_csv(path, index=False)
    with pytest.raises(ConfigError, match=said) as error:
        read_gapped(path)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_missing_and_broken_files(tmp_path):
    with pytest.raises(ConfigError, match="is no file"):
        read_gapped(tmp_path / "none.csv")
    (tmp_path / "odd.csv").write_text('a,b\n1,2\n1,2,3,4\n"')
    (tmp_path / "odd.parquet").write_bytes(b"PAR1 no more")
    for name in ("odd.csv", "odd.parquet"):
        with pytest.raises(ConfigError, match="cannot be read") as error:
            read_gapped(tmp_path / name)
        assert "\n" not in str(error.value)


def test_dates_are_refused(tmp_path):
    pytest.importorskip("pyarrow")
    path = tmp_path / "mine.parquet"
    frame().assign(day=pd.date_range("2020-01-01", periods=30)).to_parquet(path)
    with pytest.raises(ConfigError, match="column 'day' is datetime64"):
        read_gapped(path)


def test_gaps_stay_refused_where_no_model_knows_of_them(path):
    with pytest.raises(ConfigError, match=r"column '(age|colour)'"):
        data.load(path)
