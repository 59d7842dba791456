"""Exactly k are selected, whatever the ties, and k is traced."""

from __future__ import annotations

import hypothesis
import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from aejax.errors import ConfigError
from aejax.latents.moving_average import moving_mean
from aejax.latents.sparse import largest
from aejax.latents.sparse.selection import check_k

select = jax.jit(largest)
SHAPE = (4, 9)


def by_sorting(values: np.ndarray, k: int) -> np.ndarray:
    """The k first of a stable descending sort: an independent answer."""
    order = np.argsort(-values, axis=-1, kind="stable")
    mask = np.zeros(values.shape, bool)
    np.put_along_axis(mask, order[..., :k], True, axis=-1)
    return mask


# Few different values, so that ties are the rule; infinities and subnormals among them.
FEW = st.sampled_from([-np.inf, -3.5, -1e-40, -0.0, 0.0, 1e-40, 0.25, 2.0, 1e30, np.inf])
ANY = st.floats(width=32, allow_nan=False)


@hypothesis.settings(deadline=None, max_examples=150)
@hypothesis.given(
    values=hnp.arrays(np.float32, SHAPE, elements=FEW)
    | hnp.arrays(np.float32, SHAPE, elements=ANY),
    k=st.integers(0, SHAPE[1]),
)
def test_equals_a_stable_sort(values, k):
    values = np.where(np.abs(values) < np.finfo(np.float32).tiny, np.float32(0), values)
    np.testing.assert_array_equal(select(values, float(k)), by_sorting(values, k))


def test_all_equal_gives_exactly_k_of_lowest_index():
    for k in range(10):
        np.testing.assert_array_equal(select(jnp.zeros((2, 9)), k).sum(-1), [k, k])
    assert np.flatnonzero(select(jnp.full((1, 9), -2.0), 4)[0]).tolist() == [0, 1, 2, 3]


def test_k_is_traced_and_may_differ_by_member():
    values = jax.random.normal(jax.random.key(0), (5, 7, 40))
    ks = jnp.asarray([1.0, 2.4, 2.6, 40.0, 99.0])
    chosen = jax.jit(jax.vmap(largest))(values, ks)
    np.testing.assert_array_equal(chosen.sum(-1), np.tile([[1], [2], [3], [40], [40]], (1, 7)))
    for i, k in enumerate([1, 2, 3, 40, 40]):
        np.testing.assert_array_equal(chosen[i], by_sorting(np.asarray(values[i]), k))


def test_selection_is_signed_and_passes_the_chosen_units_gradient_alone():
    h = jnp.asarray([[0.5, -9.0, 2.0, 0.1]])
    gradient = jax.grad(lambda h: jnp.sum(jnp.where(largest(h, 2), h, 0.0) ** 2))(h)
    np.testing.assert_allclose(gradient, [[1.0, 0.0, 4.0, 0.0]])


@pytest.mark.parametrize("k", [0, 9, 2.5j, True, "3"])
def test_check_k_refuses(k):
    with pytest.raises(ConfigError, match=r"k=.* is out of range\. Allowed: 1 to 8"):
        check_k(k, 8)


def test_moving_mean_starts_as_a_plain_mean_and_forgets_later():
    extra = {"level": jnp.float32(7.0), "decay": jnp.float32(0.9), "count": jnp.float32(0)}
    seen = np.random.default_rng(0).normal(size=60).astype(np.float32)
    for n, value in enumerate(seen, 1):
        extra = moving_mean(extra, {"level": jnp.float32(value)})
        if n <= 10:  # 1 / n >= 1 - decay: the start value is gone, all seen weigh the same
            np.testing.assert_allclose(extra["level"], seen[:n].mean(), atol=1e-6)
    level = seen[:10].mean()
    for value in seen[10:]:
        level += 0.1 * (value - level)
    np.testing.assert_allclose(extra["level"], level, atol=1e-5)
