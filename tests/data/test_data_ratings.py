"""Files of ratings and the protocol of strong generalisation, against counts by hand."""

from __future__ import annotations

import numpy as np
import pytest

from aejax.data.ratings import (
    RATINGS,
    load_ratings,
    matrix,
    read_ratings,
    strong_generalisation,
    with_test,
)
from aejax.errors import ConfigError

LINES = [("ann", "m1", "4.5", "7"), ("bob", "m2", "3", "8"), ("ann", "m2", "5", "9")]
NAMED = {
    ".csv": ("userId,movieId,rating,timestamp", ","),
    ".tsv": ("user\titem\tscore\ttime", "\t"),
    ".inter": ("user_id:token\titem_id:token\trating:float\ttimestamp:float", "\t"),
}
BARE = {".csv": ",", ".tsv": "\t", ".data": "\t", ".dat": "::", ".inter": "\t"}


def file(path, lines, separator=",", header=None, end="\n"):
    body = [separator.join(fields) for fields in lines]
    path.write_text(end.join(([header] if header else []) + body) + end, newline="")
    return path


@pytest.mark.parametrize("suffix", [*NAMED, *(f"bare {suffix}" for suffix in BARE)])
def test_formats_say_the_same(suffix, tmp_path):
    bare = suffix.startswith("bare")
    suffix = suffix.split()[-1]
    header, separator = (None, BARE[suffix]) if bare else NAMED[suffix]
    found = read_ratings(file(tmp_path / f"r{suffix}", LINES, separator, header, "\r\n"), "mine")
    assert (found.users, found.items) == (("ann", "bob"), ("m1", "m2"))
    assert found.line.tolist() == ([1, 2, 3] if bare else [2, 3, 4])
    np.testing.assert_array_equal(matrix(found).toarray(), [[4.5, 5], [0, 3]])
    again = read_ratings(file(tmp_path / f"s{suffix}", LINES, separator, header), "other")
    assert found.fingerprint == again.fingerprint


def test_columns_in_any_order_quotes_blank_lines_and_pairs_that_stand_twice(tmp_path):
    path = tmp_path / "r.csv"
    path.write_text('\ufeffRating, Item ID,when,User\n2,"a, b",x,u\n\n0,c,x,u\n5,"a, b",y,u\n')
    found = read_ratings(path)
    assert found.items == ("a, b", "c")
    held = matrix(found)
    assert held.toarray().tolist() == [[5, 0]]  # the last line counts
    assert held.nnz == 2  # a rating of 0 is one


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("user,item,rating\nu,i,-1\n", "line 2 has the rating '-1'. Allowed: finite numbers of 0"),
        ("user,item,rating\nu,i,4\nu,j,nan\n", "line 3 has the rating 'nan'"),
        ("u,i,nan\n", "line 1 has the rating 'nan'"),
        ("u,i,3\nu,j,inf\n", "line 2 has the rating 'inf'"),
        ("u,i,3\nu,j,good\n", "line 2 has the rating 'good'"),
        ("u,i,3\nu,j\n", "line 2 has 2 fields. Allowed: user, item, rating"),
        ("u,i,3\n,j,2\n", "line 2 has no user"),
        ("u,i,3\nu,,2\n", "line 2 has no item"),
        ("user,film,rating\nu,i,3\n", "line 1 has the columns [user, film, rating], and none of"),
        ("user,item,rating,score\nu,i,3,3\n", "and 2 of them is the rating"),
        ("", "has no ratings. Allowed: user, item, rating"),
        ("user,item,rating\n", "has no ratings"),
    ],
)
def test_what_is_wrong_is_one_line_with_file_and_line(text, says, tmp_path):
    path = tmp_path / "r.csv"
    path.write_text(text)
    with pytest.raises(ConfigError) as error:
        read_ratings(path)
    assert says in str(error.value)
    assert "r.csv" in str(error.value)
    assert "\n" not in str(error.value)


def test_files_that_are_no_ratings(tmp_path):
    (tmp_path / "r.csv").write_bytes(b"\xff\xfe\x00u")
    with pytest.raises(ConfigError, match="Allowed: text in UTF-8"):
        read_ratings(tmp_path / "r.csv")
    for name, says in (("r.txt", "is a .txt file"), ("none.csv", "is no file")):
        with pytest.raises(ConfigError, match=says):
            read_ratings(tmp_path / name)
    for name, says in (("ml-100", "Did you mean 'ml-100k'"), ("ml-1m", "ratings.dat of GroupLens")):
        with pytest.raises(ConfigError, match=says):
            load_ratings(name)
    with pytest.raises(ConfigError, match=r"has no such file. Allowed: manual_dir=DIR with u.data"):
        load_ratings("ml-100k", tmp_path)
    file(tmp_path / "u.data", LINES, "\t")
    with pytest.raises(
        ConfigError, match=r"3 ratings of 2 users .* Allowed for 'ml-100k': 100,000"
    ):
        load_ratings("ml-100k", tmp_path)


@pytest.fixture(scope="module")
def planted():
    return load_ratings("planted_ratings")


def test_the_planted_set_is_what_its_row_says(planted):
    row = RATINGS["planted_ratings"]
    assert (len(planted.value), len(planted.users), len(planted.items)) == row[:3]
    assert set(np.unique(planted.value)) == {1, 2, 3, 4, 5}


def test_the_split_is_the_papers(planted):
    found = strong_generalisation(planted, 0, 60, 80)
    liked = matrix(planted).toarray() >= 4
    assert found.threshold == 4
    columns = [planted.items.index(item) for item in found.items]
    whole = {row.tobytes() for row in liked[liked.sum(1) >= 5][:, columns]}
    assert found.train.shape[0] + 60 + 80 == (liked.sum(1) >= 5).sum()
    train = found.train.toarray()
    assert set(np.unique(train)) == {0, 1}
    assert (train.sum(0) > 0).all()
    assert all((row > 0).tobytes() in whole for row in train)
    for part in (found.valid, found.test):
        given, wanted = part.fold_in.toarray(), part.held_out.toarray()
        assert not (given * wanted).any()
        count = (given + wanted).sum(1)
        assert (count >= 5).all()
        np.testing.assert_array_equal(wanted.sum(1), np.floor(0.2 * count))
        assert all((row > 0).tobytes() in whole for row in given + wanted)
    everyone = [
        r.tobytes() for r in np.r_[train, (found.test.fold_in + found.test.held_out).toarray()]
    ]
    assert len(set(everyone)) > 0.99 * len(everyone)  # no test user is a training user


def test_seeds_draw_other_users_and_the_same_seed_the_same(planted):
    one, two, other = (strong_generalisation(planted, seed, 60, 80) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one.test.held_out.toarray(), two.test.held_out.toarray())
    assert one.train.shape != other.train.shape or (one.train != other.train).nnz


def test_any_scale_of_ratings_has_its_threshold(tmp_path):
    lines = [(f"u{u}", f"i{(u * 3 + j) % 9}", "1") for u in range(20) for j in range(6)]
    clicks = read_ratings(file(tmp_path / "clicks.csv", lines))
    assert strong_generalisation(clicks, 0, 3, 3).train.nnz == 14 * 6
    with pytest.raises(ConfigError, match="threshold=2 is out of range"):
        strong_generalisation(clicks, 0, 3, 3, threshold=2)
    with pytest.raises(ConfigError, match=r"has 20 users with 5 ratings .* Allowed: 35 or more"):
        strong_generalisation(clicks, 0, 20, 10)
    rare = [(f"u{u}", f"i{u}-{j}", "1") for u in range(20) for j in range(6)]
    with pytest.raises(ConfigError, match="no validation user has 5 items that training users"):
        strong_generalisation(read_ratings(file(tmp_path / "rare.csv", rare)), 0, 3, 3)


def test_a_test_file_of_its_own_and_ids_that_are_unknown_in_it(planted, tmp_path):
    whole = strong_generalisation(planted, 0, 60, 80)
    theirs = [(f"new{u}", f"i{j}", "5") for u in range(4) for j in range(10 * u, 10 * u + 12)]
    test = read_ratings(file(tmp_path / "test.csv", theirs))
    found = with_test(planted, test, 0, 60)
    assert found.train.shape[0] == whole.train.shape[0] + 80
    both = (found.test.fold_in + found.test.held_out).toarray()
    column = {item: i for i, item in enumerate(found.items)}
    kept = {c for c in (column.get(f"i{j}") for j in range(12)) if c is not None}
    assert set(np.flatnonzero(both[0])) == kept
    test = read_ratings(file(tmp_path / "test.csv", [*theirs, ("v", "i2000", "3")]))
    with pytest.raises(ConfigError) as error:
        with_test(planted, test, 0, 60)
    told = str(error.value)
    assert "test.csv', line 49 has the item 'i2000', and 1 in all" in told
    assert "Allowed: the 200 items" in told
