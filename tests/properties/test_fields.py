"""Config fields, hyper-parameters and builders' arguments: a plan or a model, or one line."""

from __future__ import annotations

import functools

import hypothesis
import hypothesis.strategies as st
import jax.numpy as jnp
import ml_dtypes
import numpy as np

from aejax import models
from aejax.errors import ConfigError
from aejax.models import MODELS, arguments
from aejax.sweep import base, grid, make_plan
from aejax.sweep.config import fields

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 300),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.sampled_from(["", "x", "relu", "vae", "adam", "gaussian", "bernoulli", "-1", "1e3"]),
    st.complex_numbers(max_magnitude=3),
    st.binary(max_size=3),
)


def held(value):
    """Returns a number as NumPy's and JAX's too."""
    ways = [st.just(value)]
    if isinstance(value, bool | int | float) and abs(value) < 2**31:
        ways += [st.just(np.float32(value)), st.just(np.array(value)), st.just(jnp.asarray(value))]
        ways += [st.just(ml_dtypes.bfloat16(value))]
    return st.one_of(ways)


VALUES = st.one_of(
    SCALARS,
    SCALARS.filter(lambda v: v is not None).flatmap(held),
    st.lists(st.integers(-2, 9), max_size=3),
    st.lists(st.integers(1, 9), min_size=1, max_size=3).map(tuple),
    st.lists(st.integers(-2, 9), max_size=3).map(np.array),
    st.dictionaries(st.sampled_from(["a", "lr"]), st.integers(), max_size=2),
    st.just(object()),
)


@functools.cache
def config():
    return base("smoke", steps=4, train_size=40, test_size=4, batch_size=8)


# Paths and names of data sets are another test's: a path might exist.
NAMES = [n for n in fields(config()) if n not in ("dataset", "data_dir", "manual_dir")]


def one_line(call) -> bool:
    """Returns whether a call had a value; raises unless it had, or said why in one line."""
    try:
        call()
    except ConfigError as error:
        told = str(error)
    else:
        return True
    assert "\n" not in told
    return False


@hypothesis.given(name=st.sampled_from(NAMES), value=VALUES)
def test_a_point_is_planned_or_refused_in_one_line(name, value):
    one_line(lambda: make_plan(config(), [{name: value}]))


@hypothesis.given(name=st.sampled_from(NAMES), axis=VALUES)
def test_a_grid_is_planned_or_refused_in_one_line(name, axis):
    one_line(lambda: make_plan(config(), grid(**{name: axis})))


@hypothesis.given(data=st.data(), name=st.sampled_from(sorted(MODELS)))
def test_a_builder_builds_or_refuses_in_one_line(data, name):
    known = sorted(arguments(name))
    given = data.draw(st.dictionaries(st.sampled_from(known), VALUES, max_size=2))
    features = data.draw(st.one_of(st.sampled_from([(8, 8, 1), (8, 8), (8,), 8]), VALUES))
    one_line(lambda: models.build(name, features, given))
