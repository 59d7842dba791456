"""Max-pooling with switches, and unpooling, against loops."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from aejax.nets.pooling import max_pool, unpool

SIZES = [((8, 8), 2), ((7, 9), 2), ((28, 20), 3), ((5, 5), 5), ((4, 6), 1)]


def images(sides, channels=3, batch=2) -> jax.Array:
    rng = np.random.default_rng(0)
    return jnp.asarray(rng.normal(size=(batch, *sides, channels)), jnp.float32)


def windows(sides, size):
    for i in range(-(-sides[0] // size)):
        for j in range(-(-sides[1] // size)):
            yield i, j, slice(i * size, (i + 1) * size), slice(j * size, (j + 1) * size)


@pytest.mark.parametrize(("sides", "size"), SIZES)
def test_pool_takes_each_windows_maximum(sides, size):
    x = images(sides)
    maps, switches = max_pool(x, size)
    assert maps.shape == switches.shape == (2, -(-sides[0] // size), -(-sides[1] // size), 3)
    assert switches.dtype == jnp.int32
    for i, j, rows, columns in windows(sides, size):
        np.testing.assert_array_equal(maps[:, i, j], np.max(x[:, rows, columns], axis=(1, 2)))


@pytest.mark.parametrize(("sides", "size"), SIZES)
def test_unpool_restores_the_places_of_the_maxima(sides, size):
    """Each window keeps its maximum where it was and nothing else, odd sizes included."""
    x = images(sides)
    back = unpool(*max_pool(x, size), size, sides)
    want = np.zeros(x.shape, np.float32)
    for _, _, rows, columns in windows(sides, size):
        part = np.asarray(x[:, rows, columns])
        keep = part == part.max(axis=(1, 2), keepdims=True)
        want[:, rows, columns] = np.where(keep, part, 0)
    np.testing.assert_array_equal(back, want)


def test_of_equal_values_the_first_is_taken():
    maps, switches = max_pool(jnp.zeros((1, 4, 4, 1)), 2)
    np.testing.assert_array_equal(switches, 0)
    back = unpool(maps + 1, switches, 2, (4, 4))
    assert float(back.sum()) == 4
    np.testing.assert_array_equal(back[0, ::2, ::2, 0], 1)


def test_without_switches_a_value_fills_its_window():
    maps = images((2, 3))
    want = np.repeat(np.repeat(maps, 2, axis=1), 2, axis=2)[:, :3, :5]
    np.testing.assert_array_equal(unpool(maps, None, 2, (3, 5)), want)


def test_gradients_pass_through_the_maxima_only_in_both_modes():
    x = images((5, 7), channels=2, batch=1)
    weights = images((3, 4), channels=2, batch=1)

    def f(x):
        return jnp.sum(max_pool(x, 2)[0] * weights)

    chosen = unpool(*max_pool(x, 2), 2, (5, 7)) != 0
    want = jnp.where(chosen, unpool(weights, None, 2, (5, 7)), 0)
    np.testing.assert_array_equal(jax.grad(f)(x), want)
    np.testing.assert_allclose(jax.jacfwd(f)(x), want, rtol=1e-6)
