"""The orthogonal initialiser: orthonormal, uniform, and done when members are drawn together."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from aejax.nets.orthogonal import orthogonal


@pytest.mark.parametrize("shape", [(1, 1), (5, 5), (64, 256), (200, 30), (3, 4, 6), (300, 300)])
def test_the_fewer_of_rows_and_columns_are_orthonormal(shape):
    x = np.asarray(jax.jit(orthogonal, static_argnums=1)(jax.random.key(1), shape), np.float64)
    x = x.reshape(-1, shape[-1])
    gram = x @ x.T if len(x) <= x.shape[1] else x.T @ x
    np.testing.assert_allclose(gram, np.eye(len(gram)), atol=2e-5)


def test_draws_are_uniform():
    """Haar measure: an entry's square has mean 1/n and is Beta(1/2, (n - 1) / 2) distributed."""
    n, keys = 6, jax.random.split(jax.random.key(0), 4000)
    x = np.asarray(jax.jit(jax.vmap(lambda key: orthogonal(key, (n, n))))(keys))
    squares = x[:, 2, 3] ** 2
    mean, second = 1 / n, 3 / (n * (n + 2))
    assert abs(squares.mean() - mean) < 4 * squares.std() / np.sqrt(len(keys))
    assert abs((squares**2).mean() - second) < 4 * (squares**2).std() / np.sqrt(len(keys))
    assert abs(np.linalg.det(x).mean()) < 4 / np.sqrt(len(keys))  # both orientations


def test_many_are_drawn_side_by_side():
    """Several batched QR factorisations at once are where jaxlib waited for itself."""

    def draw(key):
        return [orthogonal(jax.random.fold_in(key, i), (128, 128)) for i in range(4)]

    found = jax.jit(jax.vmap(draw))(jax.random.split(jax.random.key(0), 4))
    assert all(bool(jnp.isfinite(x).all()) for x in found)
