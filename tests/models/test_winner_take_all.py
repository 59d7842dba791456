"""Lifetime sparsity: every unit wins on its share of a batch, so that none can die."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import aejax
from aejax import data
from aejax.errors import ConfigError
from aejax.evaluate import reconstruct
from aejax.evaluate.reconstruction import as_float
from tests.models.training import trained

KEY = jax.random.key(0)


@pytest.mark.parametrize(("rate", "wins"), [(0.0, 1), (0.06, 3), (0.2, 10), (1.0, 50)])
def test_each_unit_is_kept_on_its_largest_examples_of_the_batch(rate, wins):
    model = aejax.models.winner_take_all(64, latent=24)
    x = jax.random.normal(KEY, (50, 64))
    variables = jax.jit(model.init)(KEY, x)
    variables["extra"]["rate"] = jnp.float32(rate)
    latent = model.encode(variables, x, KEY)
    pre = np.asarray(latent.aux.pre)
    np.testing.assert_array_equal(latent.mean, np.maximum(pre, 0))
    assert (np.asarray(latent.aux.active).sum(0) == wins).all()
    for unit, kept in zip(pre.T, np.asarray(latent.z).T, strict=True):
        expected = np.where(unit >= np.sort(unit)[-wins], unit, 0)
        np.testing.assert_array_equal(kept, expected)


def test_ties_do_not_add_winners():
    model = aejax.models.winner_take_all(64, latent=8)
    x = jnp.zeros((40, 64))
    active = model.encode(model.init(KEY, x), x, KEY).aux.active
    assert (np.asarray(active).sum(0) == 2).all()


def test_no_unit_dies_and_evaluation_is_as_sparse_as_training():
    rows = data.load("digits")
    model = aejax.models.winner_take_all(64, latent=128)
    points = [{"lifetime": rate, "lr": 3e-3} for rate in (0.05, 0.2)]
    runs = trained(model, rows.train.reshape(-1, 64), points, steps=300, batch_size=100)
    x = jnp.asarray(as_float(rows.test))
    for point, (variables,) in zip(points, runs, strict=True):
        latent = model.encode(variables, x)
        rate = np.mean(np.asarray(latent.z) != 0)
        dead = np.mean(~np.any(np.asarray(latent.z) != 0, axis=0))
        print(f"rate {point['lifetime']}: active {rate:.3f}, dead {dead:.3f}")
        # By unit it is the threshold of its share of the training batches, plus what drifts.
        assert 0.5 < rate / point["lifetime"] < 1.5
        assert dead < 0.02
        np.testing.assert_array_equal(latent.mean, np.maximum(np.asarray(latent.aux.pre), 0))
        # One example's reconstruction does not depend on its batch.
        np.testing.assert_allclose(
            reconstruct(model, variables, x)[:5], reconstruct(model, variables, x[:5]), atol=1e-5
        )


def test_bad_values_are_refused():
    model = aejax.models.winner_take_all(64, latent=8)
    with pytest.raises(ConfigError, match=r"lifetime=1\.5 is out of range"):
        aejax.fit(model, np.zeros((200, 64), np.float32), steps=1, hp={"lifetime": 1.5})
    with pytest.raises(ConfigError, match="tied=True"):
        aejax.models.winner_take_all((64,), latent=8, tied=True, likelihood="gaussian_learned")
