"""Patches and the small transformer, against NumPy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from aejax.errors import ConfigError
from aejax.nets import transformer as ours


def images(shape, batch=3) -> jax.Array:
    return jax.random.uniform(jax.random.key(0), (batch, *shape))


@pytest.mark.parametrize(("shape", "size"), [((8, 8, 1), 2), ((6, 9, 3), 3), ((4, 4, 2), 4)])
def test_patches_are_cut_row_by_row_and_put_back(shape, size):
    x = images(shape)
    cut = ours.patchify(x, size)
    columns = shape[1] // size
    for number in range(cut.shape[1]):
        i, j = divmod(number, columns)
        want = x[:, i * size : (i + 1) * size, j * size : (j + 1) * size].reshape(len(x), -1)
        np.testing.assert_array_equal(cut[:, number], want)
    np.testing.assert_array_equal(ours.unpatchify(cut, size, shape[:2]), x)


def test_hidden_patches_are_a_uniform_choice_of_an_exact_number():
    """3 of 12 stay visible in each of 4,000 images, each patch in a fourth: 4 standard errors."""
    cut = ours.patches((6, 8, 3), 2, 0.75)
    assert (cut.count, cut.visible) == (12, 3)
    hidden = np.asarray(ours.hidden_patches(jax.random.key(0), 4000, cut))
    np.testing.assert_array_equal((~hidden).sum(1), 3)
    error = (0.25 * 0.75 / 4000) ** 0.5
    assert np.abs((~hidden).mean(0) - 0.25).max() < 4 * error
    pixels = np.asarray(ours.over_pixels(jnp.asarray(hidden[:3]), cut))
    assert pixels.shape == (3, 6, 8, 3)
    spread = hidden[:3].reshape(3, 3, 4).repeat(2, axis=1).repeat(2, axis=2)
    np.testing.assert_array_equal(pixels, np.broadcast_to(spread[..., None], pixels.shape))


def test_attention_is_softmax_of_scaled_products():
    """Vaswani 2017, eq. 1, head by head in NumPy."""
    x = jax.random.normal(jax.random.key(0), (2, 5, 8))
    module = ours._Attention(heads=2, initialiser="glorot_uniform")
    params = module.init(jax.random.key(1), x)
    got = module.apply(params, x)
    # No bias: that of the keys would have no gradient but rounding noise.
    assert set(params["params"]["qkv"]) == {"kernel"}
    kernel = np.asarray(params["params"]["qkv"]["kernel"], np.float64)
    q, k, v = np.split(np.asarray(x, np.float64) @ kernel, 3, axis=2)
    heads = []
    for at in (slice(0, 4), slice(4, 8)):
        scores = q[..., at] @ k[..., at].transpose(0, 2, 1) / 2
        weights = np.exp(scores) / np.exp(scores).sum(2, keepdims=True)
        heads.append(weights @ v[..., at])
    want = np.concatenate(heads, 2) @ np.asarray(params["params"]["out"]["kernel"])
    np.testing.assert_allclose(got, want, atol=1e-5)


def test_places_are_told_apart_and_neighbours_are_close():
    codes = ours.positions((4, 6), 16)
    assert codes.shape == (24, 16)
    distance = np.linalg.norm(codes[:, None] - codes[None], axis=2)
    assert distance[~np.eye(24, dtype=bool)].min() > 0.5
    # A step along a row changes the column's half alone.
    np.testing.assert_array_equal(codes[7, :8], codes[8, :8])
    np.testing.assert_array_equal(codes[1, 8:], codes[7, 8:])


@pytest.mark.parametrize(
    ("size", "ratio", "message"),
    [
        (3, 0.5, "patch=3 does not divide images of 8x8"),
        (0, 0.5, "patch"),
        (2, 0.0, "mask_ratio=0.0 leaves 0 of 16"),
        (2, 1.0, "mask_ratio=1.0"),
        (4, 0.95, "mask_ratio=0.95 leaves 0 of 4"),
    ],
)
def test_patches_that_do_not_fit_are_refused(size, ratio, message):
    with pytest.raises(ConfigError, match=message):
        ours.patches((8, 8, 1), size, ratio)
