"""The affine layer: equal to Linen's Dense in draws, values and derivatives of both modes."""

from __future__ import annotations

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from aejax.backend.bias import FEWEST_ROWS, add_bias
from aejax.nets.affine import Affine

KEY = jax.random.key(0)
INIT = nn.initializers.glorot_uniform()
X = jax.random.normal(jax.random.key(1), (FEWEST_ROWS, 4))


def layers():
    ours, linens = Affine(3, INIT), nn.Dense(3, kernel_init=INIT)
    return ours, linens, linens.init(KEY, X)


def test_parameters_are_drawn_as_dense_draws_them():
    ours, _, variables = layers()
    jax.tree.map(np.testing.assert_array_equal, ours.init(KEY, X), variables)


def test_value_and_gradients_are_those_of_dense():
    ours, linens, variables = layers()
    variables["params"]["bias"] = jnp.arange(3.0)
    loss = lambda layer: lambda v, x: jnp.sum(jnp.sin(layer.apply(v, x)))
    found = jax.value_and_grad(loss(ours), (0, 1))(variables, X)
    expected = jax.value_and_grad(loss(linens), (0, 1))(variables, X)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-5), found, expected)


def test_forward_mode_second_order_and_members():
    bias, plain = jnp.arange(4.0), lambda x, b: x + b[None, :]
    cube = lambda add: lambda x, b: jnp.sum(add(x, b) ** 3)
    for mode in (jax.jacfwd, jax.jacrev):
        for argument in (0, 1, (0, 1)):
            found = mode(jax.grad(cube(add_bias), argument), argument)(X, bias)
            expected = mode(jax.grad(cube(plain), argument), argument)(X, bias)
            jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5), found, expected)
    tangents = jnp.ones_like(X), jnp.ones_like(bias)
    np.testing.assert_allclose(
        jax.jvp(add_bias, (X, bias), tangents)[1], jnp.full(X.shape, 2.0), rtol=1e-6
    )
    members = jnp.stack([bias, 2 * bias])
    found = jax.vmap(jax.grad(cube(add_bias), 1), (None, 0))(X, members)
    expected = jax.vmap(jax.grad(cube(plain), 1), (None, 0))(X, members)
    np.testing.assert_allclose(found, expected, rtol=1e-5)
