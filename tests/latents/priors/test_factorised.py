"""The factorised density: it sums to one over whole numbers, and is fitted to what it is told."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from scipy import stats

from aejax.errors import ConfigError
from aejax.latents.priors.fully_factorised import (
    cumulative_logits,
    factorised,
    log_of_interval,
    on_host,
    quantile,
)

SIZE = 3


def varied(seed: int, filters=(3, 3, 3)):
    """A density away from its start: other weights, biases and factors of any sign."""
    params = factorised(SIZE, filters).init(jax.random.key(seed))
    leaves, tree = jax.tree.flatten(params)
    keys = jax.random.split(jax.random.key(seed + 1), len(leaves))
    moved = [v + 0.7 * jax.random.normal(k, v.shape) for k, v in zip(keys, leaves, strict=True)]
    return {"params": {"latent": {"prior": jax.tree.unflatten(tree, moved)}}, "extra": {}}


@pytest.mark.parametrize("filters", [(3, 3, 3), (2,), ()])
@pytest.mark.parametrize("seed", [0, 5])
def test_probabilities_sum_to_one_over_whole_numbers(seed, filters):
    prior, variables = factorised(SIZE, filters), varied(seed, filters)
    params = variables["params"]["latent"]["prior"]
    assert (np.diff(np.asarray(cumulative_logits(params, grid())), axis=0) > 0).all()
    for i in range(SIZE):
        # The others stay at zero: their factor is a constant.
        z = jnp.zeros((len(grid()), SIZE)).at[:, i].set(grid()[:, i])
        rest = prior.log_density(variables, jnp.zeros((1, SIZE)))
        own = one_number(params, jnp.zeros(1), i)
        total = jnp.exp(prior.log_density(variables, z) - rest + own).sum()
        assert float(total) == pytest.approx(1, abs=2e-4)


def grid() -> jax.Array:
    return jnp.repeat(jnp.arange(-4000.0, 4001.0)[:, None], SIZE, 1)


def one_number(params, z, i):
    at = jnp.zeros((len(z), SIZE)).at[:, i].set(z)
    low, high = (cumulative_logits(params, at + half)[:, i] for half in (-0.5, 0.5))
    return log_of_interval(low, high)


def test_the_interval_is_right_in_both_tails():
    low = np.array([-80.0, -3.0, 5.0, 25.0])
    high = low + np.array([0.5, 4.0, 1e-2, 2.0])
    cdf, sf = stats.logistic.cdf, stats.logistic.sf
    exact = np.log(np.where(low < 0, cdf(high) - cdf(low), sf(low) - sf(high)))
    np.testing.assert_allclose(log_of_interval(jnp.asarray(low), jnp.asarray(high)), exact, 1e-4)
    far = log_of_interval(jnp.asarray([500.0]), jnp.asarray([501.0]))
    assert float(far[0]) == pytest.approx(-500 + np.log1p(-np.exp(-1)), rel=1e-5)


def test_a_density_is_fitted_to_a_mixture():
    """Two humps, no family that has a name: the fitted bits are those of the true histogram."""
    random = np.random.default_rng(0)
    hump = np.where(random.random((4000, 1)) < 0.3, -12, 6)
    codes = np.rint(hump + 2 * random.normal(size=(4000, 1)))
    prior = factorised(1)
    variables = {"params": {"latent": {"prior": prior.init(jax.random.key(0))}}}
    optimiser = optax.adam(3e-2)

    @jax.jit
    def step(carry, _):
        variables, state = carry
        loss, gradient = jax.value_and_grad(
            lambda v: -prior.log_density(v, jnp.asarray(codes, jnp.float32)).mean()
        )(variables)
        change, state = optimiser.update(gradient, state)
        return (optax.apply_updates(variables, change), state), loss

    (variables, _), losses = jax.lax.scan(step, (variables, optimiser.init(variables)), None, 800)
    p = np.unique(codes, return_counts=True)[1] / len(codes)
    entropy = -(p * np.log(p)).sum()
    print("nats", float(losses[-1]), "entropy of the sample", entropy)
    assert entropy < losses[-1] < entropy + 0.05
    # Draws are whole numbers of the same two humps.
    drawn = np.asarray(prior.sample(variables, jax.random.key(1), 4000))
    assert (drawn == np.round(drawn)).all()
    assert (drawn < -4).mean() == pytest.approx(0.3, abs=0.04)


def test_gradients_are_those_of_differences():
    prior, variables = factorised(SIZE), varied(3)
    z = jnp.asarray([[0.3, -2.0, 40.0], [-7.0, 1.5, 0.0]])
    value = lambda v: prior.log_density(v, z).sum()
    gradient = jax.grad(value)(variables)
    for name in ("matrix_1", "bias_0", "factor_2"):
        leaf = variables["params"]["latent"]["prior"][name]
        way = jax.random.normal(jax.random.key(9), leaf.shape)

        def moved(t, name=name, leaf=leaf, way=way):
            inner = variables["params"]["latent"]["prior"] | {name: leaf + t * way}
            return float(value({"params": {"latent": {"prior": inner}}}))

        slope = (moved(1e-2) - moved(-1e-2)) / 2e-2
        exact = float((gradient["params"]["latent"]["prior"][name] * way).sum())
        assert exact == pytest.approx(slope, rel=2e-2, abs=2e-2)


def test_quantiles_and_the_host_agree_with_the_device():
    variables = varied(1)
    logits = np.linspace(-14, 14, 9)[:, None].repeat(SIZE, 1)
    params = on_host(variables)
    y = quantile(params, logits, np)
    np.testing.assert_allclose(cumulative_logits(params, y, np), logits, atol=1e-6)
    device = cumulative_logits(variables["params"]["latent"]["prior"], jnp.asarray(y, jnp.float32))
    np.testing.assert_allclose(device, logits, atol=1e-2)


def test_bad_widths():
    for filters in ((0,), 3, (2, 1.5)):
        with pytest.raises(ConfigError, match="filters"):
            factorised(2, filters)
