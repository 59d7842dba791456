import jax
import jax.numpy as jnp
import numpy as np
import pytest

from aejax.errors import ConfigError
from aejax.losses import higher_order, jacobians
from tests.losses.loss_cases import case, chain, evaluate

KEY = jax.random.key(11, impl="rbg")  # threefry takes a second to compile, every time
NAMES = [
    "one_tall_tanh",
    "two_wide_linear_code",
    "two_tall_sigmoid_output",
    "three_linear_middle",
    "four_hourglass",
]


def penalty(params, activations, x, method="auto", sigma=0.3, n_samples=2, layers=True):
    known = chain(params, activations)
    return higher_order(
        lambda x: evaluate(known, x),
        x,
        key=KEY,
        sigma=sigma,
        n_samples=n_samples,
        method=method,
        layers=known if layers else None,
    )


@pytest.mark.parametrize("name", NAMES)
def test_it_is_the_mean_squared_difference_of_explicit_jacobians(name):
    params, activations, x = case(name)
    eps = 0.3 * np.asarray(jax.random.normal(KEY, (2, *x.shape)))

    @jax.jit
    def both(params, everywhere):
        f = lambda x: evaluate(chain(params, activations), x)
        return penalty(params, activations, x), jax.vmap(lambda x: jacobians(f, x))(everywhere)

    ours, found = both(params, np.stack([np.asarray(x), *(np.asarray(x) + eps)]))
    expected = np.square(found[:1] - found[1:]).sum(axis=(2, 3)).mean(axis=0)
    assert ours.shape == (3,)
    np.testing.assert_allclose(ours, expected, rtol=1e-4, atol=1e-9)


@pytest.mark.parametrize("name", ["one_wide_sigmoid", "two_wide_linear_code", "three_wide"])
def test_methods_agree_in_value_and_gradient(name):
    params, activations, x = case(name)

    @jax.jit
    def all_of(params):
        def total(params, method):
            norms = penalty(params, activations, x, method)
            return jnp.sum(jnp.sin(norms)), norms

        run = jax.value_and_grad(total, has_aux=True)
        return [run(params, method) for method in ("jacrev", "chain")]

    ((_, reference), gradient), ((_, norms), other) = all_of(params)
    scale = max(np.abs(g).max() for g in jax.tree.leaves(gradient))
    np.testing.assert_allclose(norms, reference, rtol=1e-4)
    for ours, theirs in zip(jax.tree.leaves(other), jax.tree.leaves(gradient), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-5 * scale)


@pytest.mark.parametrize("name", ["two_wide_linear_code", "two_wide_sigmoid_code"])
def test_small_displacements_give_sigma_squared_times_the_hessian(name):
    """E ||J(x) - J(x + eps)||^2 -> sigma^2 ||H||^2, with no digits lost in the difference."""
    params, activations, x = case(name)

    def f(v):
        return evaluate(chain(params, activations), v[None])[0]

    hessian = jax.jit(jax.vmap(jax.jacfwd(jax.jacrev(f))))(x)
    expected = np.square(hessian).sum(axis=(1, 2, 3))
    sigma = 1e-3
    ours = jax.jit(lambda p: penalty(p, activations, x, sigma=sigma, n_samples=4000) / sigma**2)(
        params
    )
    np.testing.assert_allclose(ours, expected, rtol=0.1)


def test_zero_displacement_and_linear_maps_cost_nothing(optimised):
    params, activations, x = case("two_wide_sigmoid_code")
    still = jax.jit(lambda p: penalty(p, activations, x, sigma=0.0))(params)
    assert (still < 1e-14).all()  # two roundings of the same number, squared
    params, linear, x = case("three_all_linear")
    assert jax.jit(lambda p: penalty(p, linear, x))(params).tolist() == [0.0] * 3


def test_auto_without_layers_and_images():
    params, activations, x = case("three_wide")
    plain, known, images = jax.jit(
        lambda p, x: (
            penalty(p, activations, x, layers=False),
            penalty(p, activations, x),
            penalty(p, activations, x.reshape(3, 5, 2, 1)),
        )
    )(params, x)
    np.testing.assert_allclose(plain, known, rtol=1e-4)
    np.testing.assert_allclose(images, known, rtol=1e-4)


def test_sigma_sweeps_over_members():
    params, activations, x = case("two_wide_linear_code")
    sigmas = jnp.array([0.1, 0.5])
    single = lambda s: penalty(params, activations, x, sigma=s)
    swept = jax.jit(jax.vmap(single))(sigmas)
    single = jax.jit(single)
    for sigma, row in zip(sigmas, swept, strict=True):
        np.testing.assert_allclose(row, single(sigma), rtol=1e-5)


def test_bad_options_are_refused():
    params, activations, x = case("one_linear")
    with pytest.raises(
        ConfigError, match=r"method='gram' is unknown.* Allowed: auto, chain, jacfwd"
    ):
        penalty(params, activations, x, "gram")
    with pytest.raises(ConfigError, match=r"method='chain' needs the chain .* layers=None"):
        penalty(params, activations, x, "chain", layers=False)
    with pytest.raises(ConfigError, match="n_samples=0 is out of range"):
        penalty(params, activations, x, n_samples=0)
