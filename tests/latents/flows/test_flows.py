"""Flows: determinants against the explicit Jacobian, triangular ones, and the way back."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from aejax.errors import ConfigError
from aejax.latents.flows import (
    autoregressive,
    iaf_posterior,
    invert,
    planar,
    planar_layer,
    planar_posterior,
)
from aejax.latents.flows.planes import constrained
from aejax.nets.made import made

L, C, B = 5, 3, 8


def normal(seed: int, *shape: int, scale: float = 1.0) -> jax.Array:
    return scale * jax.random.normal(jax.random.key(seed), shape)


def jacobians(f, z):
    """The explicit Jacobian of each example, [B, L, L]."""
    return jax.vmap(jax.jacfwd(lambda one: f(one[None])[0]))(z)


def shaken(flow, scale: float = 0.5):
    """Parameters of a flow, far from where they start."""
    params = flow.init(jax.random.key(0))
    leaves, tree = jax.tree.flatten(params)
    moved = [p + normal(i, *p.shape, scale=scale) for i, p in enumerate(leaves)]
    return jax.tree.unflatten(tree, moved)


def with_flows(count: int, scale: str, context: int = 0):
    return autoregressive(L, count, (11,), context=context, scale=scale, activation="tanh")


@pytest.mark.parametrize("strength", [0.3, 2.0])
def test_planar_log_determinant_is_the_jacobians(strength):
    z, u, w = (
        normal(0, B, L),
        normal(1, 3, B, L, scale=strength),
        normal(2, 3, B, L, scale=strength),
    )
    b = normal(3, 3, B)
    _, log_det = planar(z, u, w, b)
    one = lambda z, u, w, b: planar(z[None], u[:, None], w[:, None], b[:, None])[0][0]
    explicit = jax.vmap(jax.jacfwd(one), (0, 1, 1, 1))(z, u, w, b)
    sign, expected = np.linalg.slogdet(np.float64(explicit))
    assert (sign > 0).all()
    assert np.abs(expected).max() > 0.3
    np.testing.assert_allclose(log_det, expected, rtol=2e-3, atol=2e-4)


def test_planar_stays_invertible_whatever_the_encoder_says():
    """w'u_hat > -1 even for u = -k w, where the plain map folds space."""
    w = normal(0, B, L)
    for k in (0.0, 1.0, 10.0, 1000.0):
        u_hat, slope = constrained(-k * w, w)
        dot = np.sum(np.float64(w) * np.float64(u_hat), axis=1)
        assert (np.asarray(slope) > 0).all()
        np.testing.assert_allclose(dot, np.asarray(slope, np.float64) - 1, atol=2e-3 * max(1, k))
        # m(w'u), as the paper has it but for the shift that makes m(0) = 0.
        a = -k * np.sum(np.square(np.float64(w)), axis=1)
        m = -1 + np.logaddexp(0, a + np.log(np.e - 1))
        np.testing.assert_allclose(slope - 1, m, atol=2e-4 * (1 + np.abs(m)).max())
        line = jnp.linspace(-40, 40, 4001)[:, None] * w[:1] / jnp.linalg.norm(w[0])
        like = lambda v, line=line: jnp.broadcast_to(v[:1], line.shape)
        image, log_det = planar_layer(line, like(-k * w), like(w), jnp.zeros(len(line)))
        assert np.isfinite(log_det).all()
        assert (np.diff(np.asarray(image @ w[0])) > 0).all()  # along w nothing is folded


def test_planar_without_a_push_is_the_identity():
    z = normal(0, B, L)
    image, log_det = planar_layer(z, jnp.zeros((B, L)), normal(1, B, L), normal(2, B))
    np.testing.assert_allclose(image, z, atol=1e-6)
    np.testing.assert_allclose(log_det, 0.0, atol=1e-6)
    still, none = planar_layer(z, normal(1, B, L), jnp.zeros((B, L)), jnp.zeros(B))  # no direction
    np.testing.assert_array_equal(still, z)
    np.testing.assert_allclose(none, 0.0, atol=1e-6)


@pytest.mark.parametrize("widths", [(), (11,), (11, 7)])
def test_made_sees_only_what_comes_before(widths):
    net = made(L, widths, context=C, activation="tanh")
    params = jax.tree.map(lambda p: p + 0.2, net.init(jax.random.key(0), jnp.zeros((1, L))))
    x, h = normal(0, L, scale=0.3), normal(1, C, scale=0.3)
    by_x, by_h = jax.jacfwd(lambda x, h: net.apply(params, x[None], h[None])[0], (0, 1))(x, h)
    assert by_x.shape == (2, L, L)
    for one in np.asarray(by_x):
        np.testing.assert_array_equal(np.triu(one), 0.0)
        assert (np.abs(one[np.tril_indices(L, -1)]) > 0).all()  # and all of it
    assert (np.abs(np.asarray(by_h)) > 0).all()  # the context reaches every output


@pytest.mark.parametrize("scale", ["gate", "exponential"])
def test_one_layer_is_autoregressive(scale):
    """IAF: dz_i/du_j = 0 for j > i. MAF, its inverse: the same. A second layer turns the order."""
    flow, z = with_flows(1, scale), normal(9, B, L)
    params = shaken(flow)
    for way in (flow.forward, flow.inverse):
        for jacobian in np.asarray(jacobians(lambda z, way=way: way(params, z, None)[0], z)):
            np.testing.assert_allclose(np.triu(jacobian, 1), 0.0, atol=1e-6)
            assert (np.diag(jacobian) > 0).all()
            assert np.abs(np.tril(jacobian, -1)).max() > 0.05
    two = with_flows(2, scale)
    params = shaken(two)
    last = jax.tree.map(lambda p: p[1:], params)
    reverse = lambda z: flow.forward(last, z[:, ::-1], None)[0][:, ::-1]
    for jacobian in np.asarray(jacobians(reverse, z)):
        np.testing.assert_allclose(np.tril(jacobian, -1), 0.0, atol=1e-6)
    first = jax.tree.map(lambda p: p[:1], params)
    expected = reverse(flow.forward(first, z, None)[0])
    np.testing.assert_allclose(two.forward(params, z, None)[0], expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("context", [0, C])
@pytest.mark.parametrize("scale", ["gate", "exponential"])
def test_autoregressive_log_determinant_and_the_way_back(scale, context):
    flow = with_flows(3, scale, context)
    params, u = shaken(flow, 0.3), normal(9, B, L)
    h = normal(10, B, C) if context else None
    z, log_det = flow.forward(params, u, h)
    one = lambda u, h: flow.forward(params, u[None], None if h is None else h[None])[0][0]
    explicit = jax.vmap(jax.jacfwd(one), (0, None if h is None else 0))(u, h)
    sign, expected = np.linalg.slogdet(np.float64(explicit))
    assert (sign > 0).all()
    assert np.abs(expected).max() > 0.2
    np.testing.assert_allclose(log_det, expected, rtol=2e-4, atol=2e-4)
    back, inverse_log_det = flow.inverse(params, z, h)
    np.testing.assert_allclose(back, u, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(inverse_log_det, -log_det, rtol=1e-4, atol=1e-4)
    there = invert(flow).inverse(params, back, h)[0]
    np.testing.assert_allclose(there, z, rtol=1e-4, atol=1e-4)


def test_no_layers_are_the_identity():
    flow, z = with_flows(0, "gate"), normal(0, B, L)
    for way in (flow.forward, flow.inverse):
        image, log_det = way(flow.init(jax.random.key(0)), z, None)
        np.testing.assert_array_equal(image, z)
        np.testing.assert_array_equal(log_det, 0.0)


def test_an_inverse_far_off_stays_finite():
    """Dimensions that are not yet known must not reach a network as infinities."""
    flow = with_flows(2, "exponential")
    params = shaken(flow, 1.0)
    u = flow.inverse(params, normal(0, B, L, scale=30.0), None)[0]
    assert np.isfinite(u[:, 0]).all()
    assert not np.isnan(u).any()


def test_bad_sizes():
    for build, message in (
        (lambda: planar_posterior(3, -1), "flows=-1 is out of range"),
        (lambda: iaf_posterior(0), "latent=0 is out of range"),
        (lambda: iaf_posterior(3, 2, (0,)), "flow_widths"),
        (lambda: iaf_posterior(3, 2, (8,), -1), "context=-1 is out of range"),
        (lambda: autoregressive(3, 1, scale="gat"), "Did you mean 'gate'"),
    ):
        with pytest.raises(ConfigError, match=message):
            build()
