"""Active and dead units, counted over batches of any size."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import aejax
from aejax.evaluate import evaluate
from aejax.evaluate.activity import activity, dead_units, firing_counts, sparsity

KEY = jax.random.key(0)


@pytest.mark.parametrize(("name", "args"), [("k_sparse", {"k": 2}), ("jump_relu", {})])
def test_counts_units_over_a_whole_set(name, args):
    model = aejax.models.build(name, 12, {"latent": 30, **args})
    x = jax.random.normal(KEY, (41, 12))
    variables = jax.jit(model.init)(KEY, x)
    parts = [firing_counts(model, variables, x[:25]), firing_counts(model, variables, x[25:])]
    found = activity(jax.tree.map(jnp.add, *parts))
    z = np.asarray(model.encode(variables, x).z)
    np.testing.assert_allclose(found["active_units"], np.count_nonzero(z, axis=1).mean(), rtol=1e-6)
    np.testing.assert_allclose(found["dead_fraction"], np.mean(~z.any(0)), atol=1e-6)


def test_silent_units_are_dead():
    found = activity({"fired": jnp.asarray([3.0, 0.0, 1.0, 0.0]), "rows": jnp.float32(4)})
    assert float(found["active_units"]) == 1.0
    assert float(found["dead_fraction"]) == 0.5


def test_evaluate_counts_sparse_codes_alone():
    x = jax.random.normal(KEY, (41, 12))
    for name, there in (("k_sparse", True), ("undercomplete", False)):
        model = aejax.models.build(name, 12, {"latent": 30})
        variables = jax.jit(model.init)(KEY, x)
        hp = {n: jnp.float32(v) for n, v in model.hparams.items()}
        found = jax.jit(lambda v, m=model, h=hp: evaluate(m, v, h, KEY, x, batch_size=16))(
            variables
        )
        assert ({"active_units", "dead_fraction"} <= set(found)) is there
        if there:  # alpha * k = 75 is more than there are
            np.testing.assert_allclose(found["active_units"], 30)


def test_sparsity_of_codes_by_hand():
    codes = jnp.asarray([[0.0, -2.0, 0.0, 0.0], [1.0, 1.0, 0.0, 1.0], [0.0, 0.0, 0.0, 0.0]])
    np.testing.assert_array_equal(dead_units(codes), [False, False, True, False])
    np.testing.assert_array_equal(dead_units(codes, 1.5), [True, False, True, True])
    found = sparsity(codes)
    np.testing.assert_allclose(found["l0"], [1, 3, 0])
    np.testing.assert_allclose(found["l1"], [2, 3, 0])
    np.testing.assert_allclose(found["treves_rolls"], [0.25, 0.75, 0.0])
