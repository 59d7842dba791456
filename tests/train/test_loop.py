"""The order of the data, the cut of a run, and pixels as floats."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from aejax.data.scaling import to_float
from aejax.errors import ConfigError
from aejax.train.history import curve_steps
from aejax.train.order import batch_indices, steps_per_epoch
from aejax.train.plan import CHUNK_FLOPS, chunk_steps, segments, stage_steps
from aejax.types import Stage

N, BATCH = 23, 5  # four whole batches an epoch, three rows left out


_indices = jax.jit(batch_indices, static_argnums=(2, 3, 4))


def indices(start: int, length: int) -> np.ndarray:
    return np.asarray(_indices(jax.random.key(7), jnp.int32(start), length, N, BATCH))


def test_an_epoch_is_a_permutation_without_replacement():
    rows = indices(0, 8)
    for epoch in (rows[:4], rows[4:]):
        assert len(set(epoch.ravel())) == 20
        assert epoch.min() >= 0
        assert epoch.max() < N


def test_each_epoch_has_an_order_of_its_own():
    rows = indices(0, 12).reshape(3, -1)
    assert not np.array_equal(rows[0], rows[1])
    assert not np.array_equal(rows[1], rows[2])


@settings(max_examples=15, deadline=None)
@given(start=st.integers(0, 17), length=st.integers(1, 13))
def test_any_cut_into_chunks_visits_the_same_rows(start, length):
    whole = indices(0, 30)
    np.testing.assert_array_equal(indices(start, length), whole[start : start + length])


def test_every_row_is_seen_equally_often():
    """Over many epochs each row is left out 3 times in 23: within 4 standard errors."""
    epochs = 400
    counts = np.bincount(indices(0, 4 * epochs).ravel(), minlength=N)
    p = 20 / 23
    error = np.sqrt(epochs * p * (1 - p))
    assert np.abs(counts - epochs * p).max() < 4.5 * error


def test_uint8_is_scaled_and_floats_stay():
    pixels = jnp.asarray([[0, 51, 255]], jnp.uint8)
    np.testing.assert_allclose(to_float(pixels), [[0.0, 0.2, 1.0]], atol=1e-7)
    np.testing.assert_array_equal(to_float(jnp.asarray([[-3.5]])), [[-3.5]])


def test_a_batch_larger_than_the_data_is_an_error():
    with pytest.raises(ConfigError, match=r"batch_size=24 .* Allowed: 1 to 23"):
        steps_per_epoch(N, 24)


def stage(share: float) -> Stage:
    return Stage("s", lambda *a: None, share=share)


@settings(max_examples=50, deadline=None)
@example(
    shares=[2.0, 0.1015625], steps=10, every=1, flops=1.0
)  # the first share alone rounds to the whole
@given(
    shares=st.lists(st.floats(0.1, 5), min_size=1, max_size=4),
    steps=st.integers(10, 500),
    every=st.integers(1, 600),
    flops=st.floats(0, 1e13),
)
def test_segments_cover_each_step_once_and_never_cross_a_stage(shares, steps, every, flops):
    stages = [stage(share) for share in shares]
    lengths = stage_steps(stages, steps)
    most = chunk_steps(every, flops)
    assert 1 <= most <= every
    assert most == 1 or most * flops <= CHUNK_FLOPS
    cut = segments(lengths, every, most=[most] * len(stages))
    ends = np.cumsum(lengths)
    points = [s.start + s.length for s in cut if s.measured]
    assert points == [s.start + s.length for s in segments(lengths, every)]
    covered = [s.start + i for s in cut for i in range(s.length)]
    assert covered == list(range(ends[-1]))
    assert sum(lengths) == steps
    for s in cut:
        assert s.start + s.length <= ends[s.stage]
        assert s.length <= most
        assert s.length % s.points == 0
    assert len(curve_steps(cut)) == sum(s.points for s in cut)
    assert np.all(np.diff(curve_steps(cut)) > 0)
