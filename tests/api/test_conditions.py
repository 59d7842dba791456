"""A model that is told a condition, through everything that takes arrays."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import export

import aejax
from aejax.conditions import Conditioned
from aejax.errors import ConfigError

RNG = np.random.default_rng(0)
X = RNG.integers(0, 256, (40, 6, 5), dtype=np.uint8)
Y = np.arange(40) % 3
SHORT = {"steps": 4, "batch_size": 16}
MODEL = aejax.models.vae((6, 5, 1), latent=2, widths=(8,), condition=3)


@pytest.fixture(scope="module")
def fitted():
    return aejax.fit(MODEL, X, condition=Y, valid=(X[:9], Y[:9]), **SHORT)


def told(fitted, labels, x=X):
    """The record's own functions on rows scaled by hand."""
    rows = jnp.asarray(x / np.float32(255)).reshape(len(x), 6, 5, 1)
    latent = fitted.model.encode(fitted.variables, Conditioned(rows, jnp.asarray(labels)))
    means = fitted.model.info.likelihood.mean(fitted.model.decode(fitted.variables, latent.z))
    return np.asarray(latent.mean), np.asarray(means * 255)[..., 0]


def test_rows_are_encoded_and_decoded_with_their_own_conditions(fitted):
    codes, means = told(fitted, Y)
    np.testing.assert_allclose(aejax.encode(fitted, X, condition=Y), codes, atol=1e-5)
    again = aejax.reconstruct(fitted, X, condition=Y)
    np.testing.assert_allclose(again, means, atol=1e-2)
    decoded = aejax.decode(fitted, codes, condition=Y)
    np.testing.assert_allclose(decoded[..., 0], means, atol=1e-2)
    other = told(fitted, (Y + 1) % 3)[0]
    assert np.abs(other - codes).max() > 1e-3  # it is read
    np.testing.assert_allclose(
        aejax.encode(fitted, X, condition=2), told(fitted, np.full(40, 2))[0], atol=1e-5
    )


def test_samples_lines_and_scores(fitted):
    asked = [0, 1, 2, 0, 1, 2]
    drawn = aejax.sample(fitted, 6, condition=asked, seed=3)
    ones = aejax.sample(fitted, 6, condition=1, seed=3)
    np.testing.assert_array_equal(drawn[[1, 4]], ones[[1, 4]])  # the same codes
    assert np.abs(drawn[0] - ones[0]).max() > 0
    a, b = X[:4], X[4:8]
    line = aejax.interpolate(fitted, a, b, steps=5, condition=Y[:4], condition_b=Y[4:8])
    np.testing.assert_allclose(line[:, 0], told(fitted, Y[:4], a)[1], atol=1e-2)
    np.testing.assert_allclose(line[:, -1], told(fitted, Y[4:8], b)[1], atol=1e-2)
    moved = aejax.traverse(fitted, a, values=[0.0], condition=Y[:4])
    assert moved.shape == (4, 2, 1, 6, 5, 1)
    still = told(fitted, Y[:4], a)[0].copy()
    still[:, 0] = 0
    right = aejax.decode(fitted, still, condition=Y[:4])
    np.testing.assert_allclose(moved[:, 0, 0], right, atol=1e-2)
    score = aejax.score(fitted, X, condition=Y)
    error = np.square(told(fitted, Y)[1] / 255 - X / 255).sum((1, 2))
    np.testing.assert_allclose(score["mse_per_image"], error, rtol=1e-4)
    assert fitted.valid["elbo_nats"].shape == fitted.valid["step"].shape


def test_saved_loaded_continued_and_exported(fitted, tmp_path):
    aejax.save(tmp_path / "model", fitted)
    again = aejax.load(tmp_path / "model")
    codes = aejax.encode(fitted, X, condition=Y)
    np.testing.assert_array_equal(aejax.encode(again, X, condition=Y), codes)
    aejax.export(tmp_path / "encoder", fitted, platforms=["cpu"])
    call = export.deserialize(bytearray((tmp_path / "encoder").read_bytes())).call
    found = call(X.reshape(40, 6, 5, 1), Y.astype(np.int32))
    np.testing.assert_allclose(found, codes, atol=1e-5)


def test_n_steps_and_n_more_are_two_n_bit_for_bit():
    half = aejax.fit(MODEL, X, condition=Y, **SHORT)
    whole = aejax.fit(MODEL, X, condition=Y, eval_every=4, **(SHORT | {"steps": 8}))
    more = aejax.fit(half, X, condition=Y, steps=4)
    rows = [aejax.encode(one, X, condition=Y) for one in (whole, more)]
    np.testing.assert_array_equal(*rows)


def test_members_of_a_population_are_the_single_runs():
    both = aejax.fit_population(MODEL, X, condition=Y, seeds=(0, 1), **SHORT)
    alone = aejax.fit(MODEL, X, condition=Y, seed=1, **SHORT)
    rows = [aejax.encode(one, X, condition=Y) for one in (both[1], alone)]
    np.testing.assert_allclose(*rows, atol=1e-5)


@pytest.mark.parametrize(
    "call",
    [
        lambda f, c: aejax.fit(MODEL, X, condition=c, **SHORT),
        lambda f, c: aejax.encode(f, X, condition=c),
        lambda f, c: aejax.reconstruct(f, X, condition=c),
        lambda f, c: aejax.decode(f, np.zeros((40, 2)), condition=c),
        lambda f, c: aejax.sample(f, 40, condition=c),
        lambda f, c: aejax.interpolate(f, X, X, condition=c),
        lambda f, c: aejax.traverse(f, X, condition=c),
        lambda f, c: aejax.score(f, X, condition=c),
        lambda f, c: aejax.fit(f, X, condition=c, steps=2),
    ],
    ids=["fit", "encode", "reconstruct", "decode", "sample", "lines", "traverse", "score", "more"],
)
@pytest.mark.parametrize(
    ("condition", "reason"),
    [(None, "missing"), (Y[:7], "has shape"), (Y + 1, "holds 3 in row 2"), (0.5, "holds 0.5")],
    ids=["missing", "short", "range", "broken"],
)
def test_bad_conditions_are_refused_in_one_line(fitted, call, condition, reason):
    with pytest.raises(ConfigError, match=f"^condition.*{reason}.*Allowed: labels"):
        call(fitted, condition)


def test_what_has_no_condition_takes_none(fitted):
    plain = aejax.models.vae((6, 5, 1), latent=2, widths=(8,))
    with pytest.raises(ConfigError, match="was built without one"):
        aejax.fit(plain, X, condition=Y, **SHORT)
    with pytest.raises(ConfigError, match=r"Allowed: valid=\(rows, condition\)"):
        aejax.fit(MODEL, X, condition=Y, valid=X[:9], **SHORT)
    rows = jnp.zeros((2, 6, 5, 1))
    with pytest.raises(ConfigError, match=r"Allowed: Conditioned\(x, condition\), labels"):
        MODEL.encode(fitted.variables, rows)
    with pytest.raises(ConfigError, match="Allowed: an array, without a condition"):
        plain.encode(fitted.variables, Conditioned(rows, jnp.zeros(2, int)))
    with pytest.raises(ConfigError, match=r"got condition=None. Allowed: labels"):
        MODEL.sample(fitted.variables, jax.random.key(0), 2)
