"""What users call an array: the same numbers whatever holds them, or one line (B6 to B9)."""

from __future__ import annotations

import jax.numpy as jnp
import ml_dtypes
import numpy as np
import pandas as pd
import pytest
import scipy.sparse

import aejax
from aejax import data
from aejax.data.rows import rows_for
from aejax.errors import ConfigError, check_number, plain
from aejax.models import build, undercomplete
from aejax.sweep import make_plan
from aejax.sweep.config import base, grid

X = np.random.default_rng(0).random((12, 5))
FRAME = pd.DataFrame({"a": [1.0, 2.5], "b": [True, False], "c": [7, 8]})
MODEL = undercomplete(5, latent=2, widths=(4,), likelihood="gaussian")


def one_line(call, *says):
    with pytest.raises(ConfigError) as caught:
        call()
    message = str(caught.value)
    assert "\n" not in message
    for words in says:
        assert words in message


def layouts(x: np.ndarray) -> dict[str, object]:
    """The same numbers in every way in which NumPy and others hold them."""
    wide = np.zeros((24, 10))
    wide[::2, ::2] = x
    return {
        "float64": x,
        "float32": x.astype(np.float32),
        "Fortran order": np.asfortranarray(x),
        "reversed view": x[::-1, ::-1].copy()[::-1, ::-1],
        "strided view": wide[::2, ::2],
        "big-endian": x.astype(">f8"),
        "list": x.tolist(),
        "tuple of rows": tuple(x),
        "jax": jnp.asarray(x),
        "masked, no mask": np.ma.masked_array(x),
        "masked, none of them": np.ma.masked_array(x, np.zeros(x.shape, bool)),
        "frame": pd.DataFrame(x),
        "frame, other index": pd.DataFrame(x, index=list("abcdefghijkl"), columns=list("vwxyz")),
        "nullable frame": pd.DataFrame(x).convert_dtypes(),
        "matrix": np.matrix(x),
        "longdouble": x.astype(np.longdouble),
    }


@pytest.mark.filterwarnings("ignore:the matrix subclass")
@pytest.mark.parametrize("name", layouts(X))
def test_every_layout_is_the_same_rows(name):
    rows = rows_for(MODEL, layouts(X)[name])
    assert rows.dtype == np.float32
    np.testing.assert_array_equal(rows, X.astype(np.float32))


KINDS = (
    "bfloat16",
    "float8_e4m3fn",
    "float8_e5m2",
    "float8_e4m3b11fnuz",
    "float8_e5m2fnuz",
    "int4",
)


@pytest.mark.parametrize("name", KINDS)
def test_small_types_become_float32(name):
    kind = getattr(ml_dtypes, name)
    small = (X * 7).astype(np.float32).astype(kind)
    exact = small.astype(np.float64)
    np.testing.assert_array_equal(rows_for(MODEL, small), exact)
    np.testing.assert_array_equal(rows_for(MODEL, jnp.asarray(small)), exact)
    fitted = aejax.fit(MODEL, small, steps=2, batch_size=4, progress=False)
    code = aejax.encode(fitted, exact.astype(np.float32))
    np.testing.assert_array_equal(aejax.encode(fitted, small), code)


def test_small_floats_that_are_no_numbers():
    x = X.astype(ml_dtypes.bfloat16)
    x[3, 2] = np.nan
    one_line(lambda: rows_for(MODEL, x), "x holds nan in row 3, column 2")


def test_bfloat16_in_files(tmp_path):
    """NumPy writes no name for the type: two bytes are bfloat16, one byte may be any float8."""
    small = X.astype(ml_dtypes.bfloat16)
    np.save(tmp_path / "x.npy", small)
    np.savez(tmp_path / "x.npz", train=small[:8], test=small[8:])
    loaded = data.load(tmp_path / "x.npz")
    np.testing.assert_array_equal(loaded.train, small[:8].astype(np.float32))
    both = data.load(tmp_path / "x.npy")
    found = np.sort(np.concatenate([both.train, both.test]), axis=None)
    np.testing.assert_array_equal(found, np.sort(small.astype(np.float32), axis=None))
    np.save(tmp_path / "y.npy", X.astype(ml_dtypes.float8_e4m3fn))
    one_line(lambda: data.load(tmp_path / "y.npy"), "y.npy", "bytes without a type", "float32")


def test_masked_values_are_refused_with_their_place():
    masked = np.ma.masked_array(X, X[2, 1] < X)
    row, column = np.argwhere(X[2, 1] < X)[0]
    one_line(lambda: rows_for(MODEL, masked), f"row {row}, column {column}", "x.filled(0)")
    labels = np.ma.masked_greater(np.arange(5), 3)
    one_line(lambda: data.as_labels(labels, 5, "y"), "y is masked in row 4", "y.filled(0)")


def test_frames_of_numbers():
    np.testing.assert_array_equal(data.as_images(FRAME, "x"), [[1, 1, 7], [2.5, 0, 8]])
    bools = pd.DataFrame({"a": [True, False], "b": [True, True]})
    np.testing.assert_array_equal(data.as_images(bools, "x"), [[255, 255], [0, 255]])
    assert data.as_images(pd.DataFrame(np.ones((2, 2), np.uint8) * 9), "x").dtype == np.uint8
    doubled = pd.concat([FRAME, FRAME], axis=1)
    assert data.as_images(doubled, "x").shape == (2, 6)


@pytest.mark.parametrize(
    ("column", "says"),
    [
        (["x", "y"], ("column 'd' is", "'x' in row 0")),
        (pd.Categorical(["p", "q"]), ("column 'd' is category",)),
        (pd.to_datetime(["2020-01-01", "2020-01-02"]), ("column 'd' is datetime64",)),
        ([1.0, np.nan], ("column 'd' has no value in row 1",)),
        (pd.array([None, 2], dtype="Int64"), ("column 'd' has no value in row 0",)),
    ],
)
def test_frames_say_the_column_and_the_row(column, says):
    one_line(lambda: data.as_images(FRAME.assign(d=column), "x"), *says, "Allowed")


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (scipy.sparse.csr_matrix(X), "sparse matrix. Allowed: dense rows, x.toarray()"),
        (scipy.sparse.coo_array(X), "x.toarray()"),
        ([[1, 2], [3]], "no array of numbers"),
        (None, "dtype object"),
        ("mnist", "dtype <U5"),
        (X + 1j, "complex128"),
        (np.array([[1, "q"]], object), "object with 'q'"),
        (np.zeros((2, 2), "M8[D]"), "datetime64"),
        (np.zeros(3, [("a", float)]), "dtype [('a'"),
        (aejax.to_float, "dtype object"),
        (3, "rank 0"),
        ([], "empty"),
    ],
)
def test_what_is_no_array_of_numbers_is_one_line(given, says):
    one_line(lambda: data.as_images(given, "x"), says)
    if not scipy.sparse.issparse(given):  # of which rows of a model may be made: test_data_sparse
        one_line(lambda: rows_for(MODEL, given))


NUMBERS = (
    0.5, np.float32(0.5), np.float16(0.5), np.float64(0.5), np.array(0.5), jnp.float32(0.5),
    jnp.asarray(0.5), jnp.bfloat16(0.5), ml_dtypes.bfloat16(0.5), np.longdouble(0.5),
)  # fmt: skip


@pytest.mark.parametrize("value", NUMBERS, ids=lambda v: f"{type(v).__name__}")
def test_numbers_are_numbers(value):
    assert check_number("x", value) == 0.5
    assert plain(value) == 0.5
    assert type(plain(value)) is float
    point = grid(**{"hp.lr": [value]})
    (group,) = make_plan(base(), point).groups
    assert group.members[0].hp["lr"] == 0.5
    kept = aejax.fit(MODEL, X, steps=1, batch_size=4, hp={"lr": value}, valid=value, progress=False)
    assert kept.hp["lr"] == 0.5
    assert kept.valid


@pytest.mark.parametrize("value", ["x", None, True, 1j, [0.5], np.array([0.5]), np.True_])
def test_what_is_no_number(value):
    one_line(lambda: check_number("lr", value), "lr=", "Allowed: a finite number")
    one_line(lambda: aejax.fit(MODEL, X, steps=1, batch_size=4, hp={"lr": value}), "hp.lr=")


@pytest.mark.parametrize(
    ("axes", "points"),
    [
        ({"seed": np.arange(2)}, [{"seed": 0}, {"seed": 1}]),
        ({"seed": jnp.arange(2)}, [{"seed": 0}, {"seed": 1}]),
        ({"hp.lr": np.array([0.5, 0.25])}, [{"hp.lr": 0.5}, {"hp.lr": 0.25}]),
        ({"args.widths": (8, 4)}, [{"args.widths": (8, 4)}]),
        ({"args.widths": [(8, 4), [4]]}, [{"args.widths": (8, 4)}, {"args.widths": (4,)}]),
        ({"args.widths": ((8, 4), (4,))}, [{"args.widths": (8, 4)}, {"args.widths": (4,)}]),
        ({"args.latent": list(np.array([2, 8]))}, [{"args.latent": 2}, {"args.latent": 8}]),
        ({"model": np.array(["vae", "iwae"])}, [{"model": "vae"}, {"model": "iwae"}]),
        ({"seed": (0, 1)}, [{"seed": 0}, {"seed": 1}]),
        ({"model": "vae"}, [{"model": "vae"}]),
    ],
)
def test_grids_of_numpy_values(axes, points):
    found = grid(**axes)
    assert found == points
    assert all(type(a) is type(b) for f, p in zip(found, points, strict=True)
               for a, b in zip(f.values(), p.values(), strict=True))  # fmt: skip
    if "model" not in axes:
        make_plan(base(), found)


@pytest.mark.parametrize(
    ("field", "value"),
    [("seed", 2**40), ("seed", -1), ("seed", 2.5), ("seed", True), ("steps", "10"), ("steps", 0),
     ("steps", None), ("batch_size", 16.9), ("clip", 1), ("dataset", 3), ("model", None),
     ("hp.lr", True), ("hp.lr", "x"), ("hp.lr", float("nan")), ("args.widths", 8),
     ("args.latent", "x"), ("args.latent", 2.5), ("valid_fraction", "x")],
)  # fmt: skip
def test_points_of_another_type_are_one_line(field, value):
    one_line(lambda: make_plan(base(), [{field: value}]), field.split(".")[-1])


@pytest.mark.parametrize(
    ("field", "value"),
    [("images", 0), ("images", -1), ("codes", 0), ("codes", -1), ("samples", 0),
     ("memory_gb", float("nan")), ("memory_gb", -1.0), ("memory_gb", float("inf")),
     ("checkpoint_seconds", float("nan")), ("checkpoint_seconds", -1.0)],
)  # fmt: skip
def test_what_the_end_needs_is_checked_before_training(field, value):
    one_line(lambda: make_plan(base(**{field: value})), f"config.{field}=", "Allowed")


FEATURES = (np.int64(5), jnp.int32(5), np.array([8, 8, 1]), [8, 8, 1])


@pytest.mark.parametrize("features", FEATURES, ids=repr)
def test_features_of_numpy(features):
    assert undercomplete(features, latent=2).info.shape in ((5,), (8, 8, 1))


@pytest.mark.parametrize("features", [5.0, True, -5, "x", None, (), (8, 0), (8, 2.5), np.zeros(0)])
def test_features_that_are_no_shape(features):
    one_line(lambda: undercomplete(features), "features=", "Allowed: integers of 1 or more")


def test_arguments_of_builders_are_python_values():
    model = undercomplete(np.int32(5), latent=np.float64(2), widths=np.array([8, 4]))
    assert model.info.made is not None
    assert model.info.made.args["widths"] == (8, 4)
    assert repr(model.info.made.args["latent"]) == "2"
    for wrong in ({"latent": "x"}, {"widths": 8}, {"latent": None}, {"laten": 2}, {"widths": "ab"}):
        one_line(lambda wrong=wrong: undercomplete(5, **wrong), next(iter(wrong)))
        one_line(lambda wrong=wrong: build("undercomplete", 5, wrong), next(iter(wrong)))
