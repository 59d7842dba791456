"""Rows with what a model is told beside them: sliced together, checked, never taken for rows."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from aejax.conditions import (
    Conditioned,
    beside,
    check_unconditional,
    condition_of,
    shapes_for,
    values_of,
    with_condition,
)
from aejax.data.batches import mean_over
from aejax.data.scaling import to_float
from aejax.errors import ConfigError

LABELS, VECTORS = condition_of(4), condition_of((2,))
X = np.arange(30, dtype=np.uint8).reshape(5, 3, 2)


def test_rows_and_conditions_are_sliced_and_traced_together():
    both = Conditioned(X, np.array([3, 2, 1, 0, 1]))
    some = both[np.array([1, 4])]
    np.testing.assert_array_equal(some.values, X[[1, 4]])
    np.testing.assert_array_equal(some.condition, [2, 1])
    assert (both.shape, both.dtype, both.ndim, both.size) == (X.shape, X.dtype, X.ndim, X.size)
    assert len(both) == 5
    floats = jax.jit(to_float)(jax.tree.map(jnp.asarray, both))
    assert floats.dtype == jnp.float32
    np.testing.assert_array_equal(floats.condition, both.condition)
    assert values_of(both) is X
    assert values_of(X) is X
    assert beside(X, X) is X
    with pytest.raises(TypeError):  # as a list of rows it would lose its conditions
        iter(both)


def test_means_over_a_table_see_each_row_with_its_own_condition():
    """7 rows in batches of 3: the rows left over keep theirs too."""
    rows = Conditioned(jnp.arange(7.0)[:, None], jnp.arange(7))

    def same(x, key):
        return {"same": (x.values[:, 0] == x.condition).astype(jnp.float32)}

    assert mean_over(same, rows, jax.random.key(0), 3)["same"] == 1


def test_labels_become_one_of_k_and_no_label_is_no_number():
    numbers = LABELS.numbers(jnp.array([2, 0, 4, -1]))
    np.testing.assert_array_equal(numbers[:2], [[0, 0, 1, 0], [1, 0, 0, 0]])
    assert np.isnan(numbers[2:]).all()
    np.testing.assert_array_equal(VECTORS.numbers(jnp.array([[1, 2]])), [[1.0, 2.0]])


def test_what_samples_are_told():
    rows = Conditioned(jnp.zeros((2, 3)), jnp.array([[1.0, 2.0], [3.0, 4.0]]))
    np.testing.assert_array_equal(LABELS.some(6, rows), [0, 1, 2, 3, 0, 1])
    np.testing.assert_array_equal(VECTORS.some(3, rows), [[1, 2], [3, 4], [1, 2]])


def test_shapes_of_rows():
    both = shapes_for(LABELS, 6, (3, 2))
    assert (both.shape, both.condition.shape, both.condition.dtype) == ((6, 3, 2), (6,), jnp.int32)
    assert shapes_for(VECTORS, 6, (3,)).condition.shape == (6, 2)
    assert shapes_for(None, 6, (3,)).shape == (6, 3)


@pytest.mark.parametrize("argument", [1, -1, True, 2.5, "10", (), (0,), (2, 3), None, [[2]]])
def test_what_is_no_condition_is_refused(argument):
    with pytest.raises(ConfigError, match=r"is no condition. Allowed: 0 for none, a number of cl"):
        condition_of(argument)


@pytest.mark.parametrize(
    ("condition", "given", "found"),
    [
        (LABELS, [0, 1, 2, 3, 0], [0, 1, 2, 3, 0]),
        (LABELS, 3, [3] * 5),
        (LABELS, np.array([[0.0], [1], [2], [3], [0]]), [0, 1, 2, 3, 0]),
        (LABELS, jnp.array([0, 1, 2, 3, 0], jnp.uint8), [0, 1, 2, 3, 0]),
        (VECTORS, [1, 2.5], [[1, 2.5]] * 5),
        (VECTORS, np.ones((5, 2), int), [[1, 1]] * 5),
    ],
)
def test_conditions_of_any_array(condition, given, found):
    both = with_condition(condition, X, given, "vae")
    np.testing.assert_array_equal(both.condition, found)
    assert both.condition.dtype == condition.shapes(5).dtype


@pytest.mark.parametrize(
    ("condition", "given", "told"),
    [
        (LABELS, None, "is missing"),
        (LABELS, [0, 1], r"has shape \(2,\) beside 5 rows"),
        (LABELS, [0, 1, 2, 4, 0], "holds 4 in row 3"),
        (LABELS, [0, 1, 2, -1, 0], "holds -1 in row 3"),
        (LABELS, [0, 1, 0.5, 1, 0], "holds 0.5 in row 2"),
        (LABELS, [0, 1, np.nan, 1, 0], "holds nan in row 2"),
        (LABELS, list("abcde"), "holds no numbers"),
        (LABELS, [[0], [1, 2]], "holds no numbers"),
        (LABELS, np.zeros((5, 2)), r"has shape \(5, 2\)"),
        (VECTORS, np.zeros((5, 3)), r"has shape \(5, 3\)"),
        (VECTORS, [[0, np.inf]] * 5, "holds inf in row 0"),
        (None, [0] * 5, "was built without one"),
    ],
)
def test_bad_conditions_are_one_line(condition, given, told):
    with pytest.raises(ConfigError, match=rf"^condition.*{told}.*Allowed: .+$") as error:
        with_condition(condition, X, given, "vae")
    assert "\n" not in str(error.value)


def test_what_knows_nothing_of_conditions_says_so():
    check_unconditional(None, "this")
    with pytest.raises(ConfigError, match="this knows nothing of conditions"):
        check_unconditional(LABELS, "this")
