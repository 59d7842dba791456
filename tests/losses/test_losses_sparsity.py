import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from aejax.losses import bernoulli_kl_of_mean, kl_sparsity_term, l1, l1_term
from tests.losses.loss_cases import forward, two_nets, weights

H = np.array(
    [[0.1, 0.9, 0.05, 0.5], [0.2, 0.8, 0.05, 0.5], [0.1, 0.7, 0.05, 0.5], [0, 1, 0.05, 0.5]],
    np.float32,
)


def test_golden_numbers():
    """The second literal is the sum of scipy.special.rel_entr in float64."""
    np.testing.assert_allclose(l1(jnp.asarray(H)), [1.55, 1.55, 1.35, 1.55], rtol=1e-6)
    np.testing.assert_allclose(
        bernoulli_kl_of_mean(jnp.asarray(H), 0.05), [2.1232131] * 4, rtol=1e-5
    )


@jax.jit
def both_penalties(h, rho):
    return [
        (penalty(h), jax.grad(lambda h, f=penalty: f(h).sum())(h))
        for penalty in (l1, lambda h: bernoulli_kl_of_mean(h, rho))
    ]


def test_l1_sums_all_units_of_any_shape_and_sign():
    h = np.random.default_rng(0).normal(size=(3, 2, 5)).astype(np.float32)
    np.testing.assert_allclose(l1(jnp.asarray(h)), np.abs(h).sum(axis=(1, 2)), rtol=1e-6)


@pytest.mark.parametrize("rho", [0.01, 0.05, 0.5])
def test_kl_of_the_mean_is_ngs_formula(rho):
    h = np.random.default_rng(1).uniform(size=(16, 5))
    mean = h.mean(axis=0)
    expected = (special.rel_entr(rho, mean) + special.rel_entr(1 - rho, 1 - mean)).sum()
    ours = bernoulli_kl_of_mean(jnp.asarray(h, jnp.float32), rho)
    assert ours.shape == (16,)
    np.testing.assert_allclose(ours, np.full(16, expected), rtol=1e-5)


def test_kl_of_the_mean_is_zero_where_the_mean_is_rho():
    h = jnp.array([[0.0, 0.5], [0.5, 0.0]])
    assert bernoulli_kl_of_mean(h, 0.25).tolist() == [0.0, 0.0]


@given(st.lists(st.floats(-1e6, 1e6, width=32), min_size=4, max_size=4), st.floats(0.01, 0.99))
@settings(max_examples=40, deadline=None, derandomize=True)
def test_penalties_are_never_negative_and_finite(values, rho):
    h = np.array(values, np.float32).reshape(2, 2)
    for value, gradient in both_penalties(h, np.float32(rho)):
        assert (value >= 0).all()
        assert np.isfinite(value).all()
        assert np.isfinite(gradient).all()


@pytest.mark.parametrize("fill", [0.0, 1.0])
def test_saturated_units_have_finite_gradients(fill):
    run = jax.jit(jax.value_and_grad(lambda h: bernoulli_kl_of_mean(h, 0.05).mean()))
    value, gradient = run(np.full((4, 3), fill, np.float32))
    assert np.isfinite(value)
    assert value > 0
    assert np.isfinite(gradient).all()


def test_scaling_and_permutation_laws():
    np.testing.assert_allclose(l1(jnp.asarray(-3 * H)), 3 * l1(jnp.asarray(H)), rtol=1e-6)
    shuffled = jnp.asarray(H[::-1, [2, 0, 3, 1]])
    np.testing.assert_allclose(
        bernoulli_kl_of_mean(shuffled, 0.1), bernoulli_kl_of_mean(jnp.asarray(H), 0.1), rtol=1e-5
    )


def test_rho_is_traced_and_sweeps_over_members():
    rhos = jnp.array([0.05, 0.2, 0.6])
    swept = jax.jit(jax.vmap(lambda rho: bernoulli_kl_of_mean(jnp.asarray(H), rho)))(rhos)
    single = jnp.stack([bernoulli_kl_of_mean(jnp.asarray(H), rho) for rho in rhos])
    np.testing.assert_allclose(swept, single, rtol=1e-6)


def test_terms_read_the_code():
    nets = two_nets(("sigmoid",))
    params = {"encoder": weights((6, 4)), "decoder": weights((4, 6))}
    seen = forward(nets, params, jnp.ones((3, 6)))
    code = seen.latent.mean
    np.testing.assert_array_equal(l1_term()(seen, {}), l1(code))
    np.testing.assert_array_equal(
        kl_sparsity_term()(seen, {"rho": jnp.float32(0.1)}), bernoulli_kl_of_mean(code, 0.1)
    )
