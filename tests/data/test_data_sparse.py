"""Sparse rows: trained on and applied as the same dense rows are, and never dense as a whole."""

from __future__ import annotations

import jax
import numpy as np
import pytest
import scipy.sparse

import aejax
from aejax.data.rows import rows_for
from aejax.data.scaling import mean_row, to_float
from aejax.data.sparse import SparseRows, pack
from aejax.errors import ConfigError

RNG = np.random.default_rng(0)
DENSE = ((RNG.random((50, 12)) < 0.2) * RNG.normal(size=(50, 12))).astype(np.float32)
DENSE[3] = 0  # a row without any number
MODEL = aejax.models.undercomplete(12, latent=3, widths=(8,), likelihood="gaussian")
MATRICES = ("csr_array", "csr_matrix", "csc_array", "coo_array", "lil_array", "dok_array")


@pytest.mark.parametrize("kind", MATRICES)
def test_a_batch_is_the_dense_rows(kind):
    rows = pack(getattr(scipy.sparse, kind)(DENSE))
    assert rows.shape == (50, 12)
    assert rows.index.shape == (50, (DENSE != 0).sum(1).max())
    some = np.array([4, 3, 3, 49])
    np.testing.assert_array_equal(to_float(jax.device_put(rows)[some]), DENSE[some])
    np.testing.assert_allclose(mean_row(rows), DENSE.mean(0), atol=1e-7)
    assert (rows.min(), rows.max()) == (DENSE.min(), DENSE.max())


def test_what_stands_twice_is_summed_and_the_users_matrix_stays():
    twice = scipy.sparse.coo_array(([1.0, 2.0, 0.0], ([0, 0, 1], [2, 2, 0])), shape=(2, 3))
    before = twice.data.copy()
    np.testing.assert_array_equal(to_float(pack(twice)), [[0, 0, 3], [0, 0, 0]])
    np.testing.assert_array_equal(twice.data, before)


def test_training_is_that_of_the_dense_rows():
    options = {"steps": 20, "batch_size": 10, "progress": False, "valid": 0.2, "eval_every": 10}
    sparse = scipy.sparse.csr_array(DENSE)
    one, two = (aejax.fit(MODEL, x, **options) for x in (DENSE, sparse))
    for a, b in zip(*map(jax.tree.leaves, (one.variables, two.variables)), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)
    np.testing.assert_allclose(one.valid["mse_per_image"], two.valid["mse_per_image"], rtol=1e-5)
    np.testing.assert_allclose(aejax.encode(one, DENSE), aejax.encode(one, sparse), atol=1e-6)
    np.testing.assert_allclose(
        aejax.reconstruct(one, DENSE), aejax.reconstruct(one, sparse), atol=1e-6
    )
    scores = [aejax.score(one, x) for x in (DENSE, sparse)]
    assert set(scores[0]) == set(scores[1])
    np.testing.assert_allclose(scores[0]["rec_nats"], scores[1]["rec_nats"], rtol=1e-5)


def test_a_table_that_would_not_fit_the_memory_is_trained_on():
    """Dense it had 200,000 x 300,000 numbers, 240 GB."""
    n, d = 200_000, 300_000
    column = np.arange(n) % d
    given = scipy.sparse.csr_array((np.ones(n), (np.arange(n), column)), shape=(n, d))
    rows = rows_for(aejax.models.linear(d, latent=1), given)
    assert isinstance(rows, SparseRows)
    assert rows.index.nbytes + rows.value.nbytes == 8 * n
    assert to_float(rows[:3]).shape == (3, d)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (scipy.sparse.csr_array(DENSE[:, :5]), "examples of shape (5,), the model takes (12,)"),
        (scipy.sparse.csr_array((3, 0)), "of shape (3, 0)"),
        (scipy.sparse.csr_array(DENSE * 1j), "complex"),
        (scipy.sparse.csr_array(np.eye(3, 12, dtype=np.uint8)), "of dtype uint8"),
        (scipy.sparse.csr_array(np.where(DENSE[0].max() == DENSE, np.nan, DENSE)), "in row 0,"),
    ],
)
def test_what_is_wrong_in_it_is_one_line(given, says):
    with pytest.raises(ConfigError) as error:
        rows_for(MODEL, given)
    assert says in str(error.value)
    assert "Allowed" in str(error.value)
    assert "\n" not in str(error.value)


def test_images_and_what_is_outside_the_support_are_refused():
    image = aejax.models.undercomplete((4, 3, 1), latent=2)
    with pytest.raises(ConfigError, match=r"sparse matrix, and model .* x.toarray\(\)"):
        rows_for(image, scipy.sparse.csr_array(DENSE))
    grey = aejax.models.vae(12)
    with pytest.raises(ConfigError, match="outside the support"):
        rows_for(grey, scipy.sparse.csr_array(DENSE))


@pytest.mark.parametrize("dtype", ["bool", "int8", "int32", "int64", "float64"])
def test_any_other_type_means_what_it_means_in_a_dense_array(dtype):
    dense = (np.eye(4, 12) * 3).astype(dtype)
    given = to_float(rows_for(MODEL, scipy.sparse.csr_array(dense)))
    np.testing.assert_array_equal(given, to_float(rows_for(MODEL, dense)))
