"""Holes: how much is hidden, where, and what the encoder sees in its place."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from aejax.corruptions.masks import FILLS, MASKS, hide
from aejax.errors import ConfigError
from aejax.losses.masked import band, grow

SHAPE = (64, 12, 10, 3)


def draw(mask: str, fraction: float, seed: int = 0, shape=SHAPE) -> np.ndarray:
    hp = {"mask_fraction": jnp.float32(fraction)}
    return np.asarray(MASKS[mask](jax.random.key(seed), shape, hp))


def test_block_is_the_centre():
    hole = draw("block", 0.25, shape=(1, 8, 8, 1))[0]
    want = np.zeros((8, 8), bool)
    want[2:6, 2:6] = True
    np.testing.assert_array_equal(hole, want)
    # In other proportions and odd sizes: a centred block of about that share.
    odd = draw("block", 0.5, shape=(1, 21, 11, 1))[0]
    np.testing.assert_array_equal(odd, odd[::-1, ::-1])
    assert abs(odd.mean() - 0.5) < 0.07


@pytest.mark.parametrize("mask", sorted(MASKS))
def test_nothing_and_everything_can_be_hidden(mask):
    assert not draw(mask, 0.0).any()
    if mask != "random_block":  # whose blocks overlap
        assert draw(mask, 1.0).all()


def test_random_blocks_cover_at_most_the_share_and_move():
    """Four blocks of (sqrt(.25 / 4) = .25) 3 x 2 pixels: 24 of 120 where none overlap."""
    hole = draw("random_block", 0.25, shape=(512, *SHAPE[1:]))
    area = hole.sum((1, 2))
    assert area.max() == 24
    assert area.min() >= 6
    assert len({h.tobytes() for h in hole}) > 500
    assert hole.any(0).all()  # everywhere, corners included


def test_random_regions_have_the_exact_area_and_are_blobs():
    hole = draw("random_region", 0.3)
    np.testing.assert_array_equal(hole.sum((1, 2)), 36)
    assert len({h.tobytes() for h in hole}) == len(hole)
    # Neighbours agree far more often than 1 - 2 * .3 * .7 = .58, as independent pixels would.
    assert np.mean(hole[:, 1:] == hole[:, :-1]) > 0.8


@pytest.mark.parametrize("mask", sorted(MASKS))
@pytest.mark.parametrize("fill", sorted(FILLS))
def test_the_encoder_sees_nothing_of_the_hole(mask, fill):
    """Whatever stands in the hole, what the encoder sees is the same bit for bit."""
    corruption, hp = hide(mask, fill), {"mask_fraction": jnp.float32(0.25)}
    x = jax.random.uniform(jax.random.key(1), SHAPE)
    x_in, hidden = corruption.apply(jax.random.key(2), x, hp)
    assert hidden.shape == SHAPE
    np.testing.assert_array_equal(hidden, hidden[..., :1] & jnp.ones(SHAPE, bool))
    other = jnp.where(hidden, 7.0, x)
    again, same = corruption.apply(jax.random.key(2), other, hp)
    np.testing.assert_array_equal(same, hidden)
    np.testing.assert_array_equal(again, x_in)
    np.testing.assert_array_equal(jnp.where(hidden, 0, x_in), jnp.where(hidden, 0, x))


def test_the_mean_is_of_the_visible_pixels_by_channel():
    x = np.random.default_rng(0).uniform(size=(2, 4, 5, 3)).astype(np.float32)
    hidden = np.zeros(x.shape, bool)
    hidden[0, 1:3, 2:4] = True
    filled = np.asarray(FILLS["mean"](jnp.asarray(x), jnp.asarray(hidden)))
    for channel in range(3):
        want = x[0, ..., channel][~hidden[0, ..., channel]].mean()
        np.testing.assert_allclose(filled[0, 1, 2, channel], want, rtol=1e-6)
    np.testing.assert_array_equal(filled[1], x[1])
    everything = FILLS["mean"](jnp.asarray(x), jnp.ones(x.shape, bool))
    np.testing.assert_array_equal(everything, 0)  # no pixel to take a mean of


@pytest.mark.parametrize("pixels", [0, 1, 3])
def test_a_mask_grows_by_so_many_pixels(pixels):
    hidden = np.zeros((2, 9, 9, 1), bool)
    hidden[0, 0, 4], hidden[1, 5, 5] = True, True
    rows, columns = np.indices((9, 9))
    for b, (i, j) in enumerate([(0, 4), (5, 5)]):
        near = np.maximum(abs(rows - i), abs(columns - j)) <= pixels
        got = np.asarray(grow(jnp.asarray(hidden), pixels))[b, ..., 0]
        np.testing.assert_array_equal(got, near)
        ring = np.asarray(band(pixels)(jnp.asarray(hidden)))[b, ..., 0]
        np.testing.assert_array_equal(ring, near & ~hidden[b, ..., 0])


def test_unknown_names_are_one_line():
    with pytest.raises(ConfigError, match=r"mask='blok' is unknown. Did you mean 'block'"):
        hide("blok")
    with pytest.raises(ConfigError, match=r"fill='median' is unknown.*mean, zero"):
        hide("block", "median")
