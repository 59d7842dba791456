import jax
import jax.numpy as jnp
import numpy as np
import pytest

from aejax.errors import ConfigError
from aejax.losses import hutchinson, jacobians, squared_frobenius
from tests.losses.loss_cases import CHAINS, case, chain, evaluate, inputs, weights

PROBES = 4000


def function(name, batch=3):
    params, activations, x = case(name, batch)
    return (lambda x: evaluate(chain(params, activations), x)), x


@pytest.mark.parametrize("direction", ["jvp", "vjp"])
@pytest.mark.parametrize("noise", ["rademacher", "gaussian"])
def test_the_estimate_is_unbiased_with_the_documented_variance(direction, noise):
    f, x = function("two_wide_sigmoid_code" if noise == "gaussian" else "two_tall_linear_output")
    found = np.asarray(jax.jit(lambda x: jacobians(f, x))(x), np.float64)
    products = found if direction == "vjp" else found.transpose(0, 2, 1)
    gram = products @ products.transpose(0, 2, 1)
    variance = 2 * np.square(gram).sum(axis=(1, 2))
    if noise == "rademacher":
        variance -= 2 * np.square(np.diagonal(gram, axis1=1, axis2=2)).sum(axis=1)
    options = {"probes": 1, "direction": direction, "noise": noise}
    keys = jax.random.split(jax.random.key(3), PROBES)
    draws = jax.jit(jax.vmap(lambda key: hutchinson(f, x, key, **options)))(keys)
    exact = np.square(found).sum(axis=(1, 2))
    error = np.abs(np.asarray(draws, np.float64).mean(axis=0) - exact)
    assert (error <= 4 * np.sqrt(variance / PROBES) + 1e-5 * exact).all()
    np.testing.assert_allclose(np.var(draws, axis=0), variance, rtol=0.3, atol=1e-6)


def test_the_gradient_is_unbiased():
    widths, activations = CHAINS["two_wide_linear_code"]
    params, x = weights(widths), inputs(widths)

    def total(params, method, key):
        layers = chain(params, activations)
        return squared_frobenius(
            lambda x: evaluate(layers, x), x, method=method, layers=layers, key=key
        ).sum()

    keys = jax.random.split(jax.random.key(5), PROBES)
    exact = jax.jit(lambda p: jax.grad(total)(p, "gram", None))(params)
    draws = jax.jit(jax.vmap(lambda key: jax.grad(total)(params, "hutchinson", key)))(keys)
    for ours, mean in zip(jax.tree.leaves(draws), jax.tree.leaves(exact), strict=True):
        ours = np.asarray(ours)
        error = np.abs(ours.mean(axis=0) - mean)
        assert (error <= 5 * ours.std(axis=0) / PROBES**0.5 + 1e-4).all()


def test_more_probes_are_the_mean_of_more_draws():
    f, x = function("two_wide_sigmoid_code")
    exact, many, one = jax.jit(
        lambda x, key: (
            squared_frobenius(f, x, method="jacrev"),
            hutchinson(f, x, key, probes=20_000),
            hutchinson(f, x, key),
        )
    )(x, jax.random.key(0))
    np.testing.assert_allclose(many, exact, rtol=0.05)
    assert one.shape == (3,)
    assert (one >= 0).all()


def test_a_full_orthogonal_case_is_exact():
    """J = I: every Rademacher probe gives exactly the norm, in either direction."""
    x = jnp.zeros((2, 6))
    for direction in ("jvp", "vjp"):
        estimate = hutchinson(lambda x: x, x, jax.random.key(1), direction=direction)
        assert estimate.tolist() == [6.0, 6.0]


def test_examples_have_their_own_probes_and_keys_their_own_draws():
    f, x = function("two_wide_sigmoid_code", batch=4)
    run = jax.jit(lambda x, seed: hutchinson(f, x, jax.random.key(seed)))
    same = np.broadcast_to(x[:1], x.shape)
    assert len(set(run(same, 0).tolist())) > 1
    first, again, other = (run(x, seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert not (first == other).all()


@pytest.mark.parametrize(
    ("name", "direction"), [("two_wide_sigmoid_code", "jvp"), ("two_tall_linear_output", "vjp")]
)
def test_auto_probes_the_larger_end(name, direction):
    f, x = function(name)
    key = jax.random.key(2)
    auto, named = jax.jit(
        lambda x, key: (hutchinson(f, x, key), hutchinson(f, x, key, direction=direction))
    )(x, key)
    np.testing.assert_array_equal(auto, named)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"direction": "fwd"}, "direction='fwd' is unknown.* Allowed: auto, jvp, vjp"),
        ({"noise": "gausian"}, "noise='gausian' is unknown. Did you mean 'gaussian'"),
        ({"probes": 0}, "probes=0 is out of range"),
    ],
)
def test_bad_options_are_refused(options, message):
    with pytest.raises(ConfigError, match=message):
        hutchinson(lambda x: x, jnp.ones((2, 3)), jax.random.key(0), **options)
