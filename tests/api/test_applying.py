"""A trained model on the user's arrays: one meaning of an array, whatever its layout and type."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest

import aejax
from aejax.api.batched import batch_rows
from aejax.errors import ConfigError

RNG = np.random.default_rng(0)
BYTES = RNG.integers(0, 256, (40, 6, 5), dtype=np.uint8)
TABLE = RNG.normal(size=(40, 7)).astype(np.float32)
SHORT = {"steps": 4, "batch_size": 16}


@pytest.fixture(scope="module")
def images():
    return aejax.fit(aejax.models.vae((6, 5, 1), latent=3, widths=(8,)), BYTES, **SHORT)


@pytest.fixture(scope="module")
def table():
    model = aejax.models.undercomplete(7, latent=2, widths=(8,), likelihood="gaussian")
    return aejax.fit(model, TABLE, **SHORT)


def by_hand(fitted, x):
    """The record's own pure functions on an array scaled by hand."""
    return np.asarray(fitted.model.encode(fitted.variables, jnp.asarray(x)).mean)


@pytest.mark.parametrize("layout", [(40, 6, 5), (40, 6, 5, 1), (40, 30)])
def test_bytes_of_any_layout_give_the_codes_of_the_array_scaled_by_hand(images, layout):
    right = by_hand(images, (BYTES / np.float32(255)).reshape(40, 6, 5, 1))
    x = BYTES.reshape(layout)
    for given in (x, x / 255.0, jnp.asarray(x), np.asfortranarray(x)):
        np.testing.assert_allclose(aejax.encode(images, given), right, atol=1e-5)


def test_colour_and_a_standardised_table(table):
    x = RNG.integers(0, 256, (20, 8, 8, 3), dtype=np.uint8)
    model = aejax.models.undercomplete((8, 8, 3), latent=2, widths=(8,))
    fitted = aejax.fit(model, x, **SHORT)
    right = by_hand(fitted, x / np.float32(255))
    np.testing.assert_allclose(aejax.encode(fitted, x), right, atol=1e-5)
    np.testing.assert_allclose(aejax.encode(table, TABLE), by_hand(table, TABLE), atol=1e-6)
    np.testing.assert_allclose(aejax.encode(table, TABLE[:1]), by_hand(table, TABLE[:1]), atol=1e-6)


def test_a_batch_of_one_scores_as_in_a_batch_of_many(images):
    many, one = aejax.score(images, BYTES), aejax.score(images, BYTES[:1])
    again = aejax.reconstruct(images, BYTES[:1] / np.float32(255))
    right = np.square(again - BYTES[:1] / np.float32(255)).sum()
    np.testing.assert_allclose(one["mse_per_image"], right, rtol=1e-5)
    np.testing.assert_allclose(many["mse_per_image"][:1], right, rtol=1e-5)
    np.testing.assert_allclose(many["kl_nats"][:1], one["kl_nats"], rtol=1e-4)
    assert all(values.shape == (40,) for values in many.values())


def test_terms_that_couple_a_batch_are_no_scores_of_a_row():
    model = aejax.models.info_vae((6, 5, 1), latent=3, widths=(8,))
    found = aejax.score(aejax.fit(model, BYTES, **SHORT), BYTES)
    assert "mmd_sq" not in found
    assert {"rec_nats", "kl_nats", "mse_per_image"} <= set(found)


def test_what_comes_back_is_in_the_users_layout_and_scale(images, table):
    again = aejax.reconstruct(images, BYTES)
    assert again.shape == BYTES.shape
    assert again.max() > 1
    unit = aejax.reconstruct(images, BYTES.reshape(40, 30) / 255.0)
    np.testing.assert_allclose(unit.reshape(BYTES.shape) * 255, again, atol=1e-3)
    assert aejax.sample(images, 3).shape == (3, 6, 5, 1)
    np.testing.assert_array_equal(aejax.sample(images, 3), aejax.sample(images, 9)[:3])
    codes = aejax.encode(table, TABLE)
    np.testing.assert_allclose(
        aejax.decode(table, codes), aejax.reconstruct(table, TABLE), atol=1e-5
    )


def test_interpolation_ends_in_the_two_reconstructions(images):
    between = aejax.interpolate(images, BYTES[:4], BYTES[4:8], steps=5)
    assert between.shape == (4, 5, 6, 5)
    np.testing.assert_allclose(between[:, 0], aejax.reconstruct(images, BYTES[:4]), atol=1e-2)
    np.testing.assert_allclose(between[:, -1], aejax.reconstruct(images, BYTES[4:8]), atol=1e-2)


def test_a_traversal_sets_one_latent_and_leaves_the_others(images):
    codes = aejax.encode(images, BYTES[:2])
    moved = aejax.traverse(images, BYTES[:2], latents=[1], values=[-1.0, 2.0])
    for i, value in enumerate([-1.0, 2.0]):
        wanted = codes.copy()
        wanted[:, 1] = value
        np.testing.assert_allclose(moved[:, 0, i], aejax.decode(images, wanted), atol=1e-3)


@pytest.mark.parametrize("count", [1, 2, 5, 1024, 1025, 3000])
def test_batches_hold_every_row_once(table, count):
    x = np.resize(TABLE, (count, 7))
    np.testing.assert_allclose(aejax.encode(table, x), by_hand(table, x), atol=1e-5)
    assert batch_rows(count, 7) <= 1024


def test_a_second_call_compiles_nothing(images):
    from aejax.train.compile import compile_count

    aejax.encode(images, BYTES)
    before = compile_count()
    aejax.encode(images, BYTES)
    assert compile_count() == before


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda i, t: aejax.encode(i, BYTES.reshape(40, 1, 6, 5)), r"Channels come last"),
        (lambda i, t: aejax.encode(i, BYTES.transpose(0, 2, 1)), r"examples of shape \(5, 6\)"),
        (lambda i, t: aejax.encode(i, BYTES[0]), r"examples of shape"),
        (lambda i, t: aejax.encode(t, TABLE[:, :3]), r"the model takes \(7,\)"),
        (lambda i, t: aejax.encode(t, np.zeros((4, 7), np.uint8)), r"trained on floats"),
        (lambda i, t: aejax.encode(t, np.full((4, 7), np.nan)), r"nan in row 0"),
        (lambda i, t: aejax.encode(i, BYTES * 1.0), r"outside the support"),
        (lambda i, t: aejax.sample(t, 3), r"has no prior"),
        (lambda i, t: aejax.sample(i, 0), r"n=0 is out of range"),
        (lambda i, t: aejax.interpolate(i, BYTES[:2], BYTES[:3]), r"equal shapes"),
        (lambda i, t: aejax.decode(i, np.zeros((2, 9))), r"Allowed: \[N, 3\]"),
        (lambda i, t: aejax.traverse(i, BYTES[:1]), r"two or more"),
        (lambda i, t: aejax.traverse(i, BYTES[:2], latents=[3]), r"latents=3 is out of range"),
        (lambda i, t: aejax.score(t, TABLE, log_p_samples=5), r"log-densities"),
        (lambda i, t: i.model.encode(i.variables, BYTES[..., None]), r"aejax.encode"),
        (lambda i, t: i.model.encode(i.variables, np.zeros((2, 6, 5))), r"Allowed: \[B, 6, 5, 1\]"),
    ],
)
def test_bad_input_is_one_line(images, table, call, message):
    with pytest.raises(ConfigError, match=message) as caught:
        call(images, table)
    assert "\n" not in str(caught.value)
