"""HMC: reversible, volume preserving, of the right energy error, and stationary at its target."""

import jax
import jax.numpy as jnp
import numpy as np
from scipy import stats

from aejax.evaluate.hmc import Pieces, leapfrog, point, transition

SCALES = jnp.asarray([0.5, 1.0, 2.0])
MEAN = jnp.asarray([1.0, 0.0, -1.0])


def _quadratic(z):
    """log N(z; MEAN, SCALES^2) up to its constant, [..., 3] -> [...]."""
    centre = jnp.broadcast_to(MEAN, z.shape)
    return -0.5 * jnp.sum(jnp.square((z - centre) / jnp.broadcast_to(SCALES, z.shape)), axis=-1)


GAUSSIAN = Pieces(base=lambda z: -0.5 * jnp.sum(jnp.square(z), axis=-1), tilt=_quadratic)
ONLY = Pieces(base=lambda z: jnp.zeros(z.shape[:-1]), tilt=_quadratic)  # at b = 1, the target


def _energy(at, momentum, b):
    return -at.base - b * at.tilt + 0.5 * jnp.sum(jnp.square(momentum), axis=-1)


def test_leapfrog_comes_back_when_the_momentum_is_turned_round():
    z = jax.random.normal(jax.random.key(0), (5, 3))
    momentum = jax.random.normal(jax.random.key(1), (5, 3))
    step, b = jnp.full((5,), 0.3), jnp.float32(0.7)
    end, final = leapfrog(GAUSSIAN, point(GAUSSIAN, z), momentum, b, step, 20)
    back, turned = leapfrog(GAUSSIAN, end, -final, b, step, 20)
    assert np.abs(end.z - z).max() > 0.5  # it went somewhere
    np.testing.assert_allclose(back.z, z, atol=2e-5)
    np.testing.assert_allclose(-turned, momentum, atol=2e-5)


def test_leapfrog_preserves_volume():
    def flow(state):
        z, momentum = state[:3], state[3:]
        end, final = leapfrog(ONLY, point(ONLY, z), momentum, jnp.float32(1.0), jnp.float32(0.4), 7)
        return jnp.concatenate([end.z, final])

    jacobian = jax.jacfwd(flow)(jnp.arange(6, dtype=jnp.float32))
    np.testing.assert_allclose(np.linalg.det(np.float64(jacobian)), 1.0, atol=1e-4)


def test_energy_error_falls_with_the_square_of_the_step():
    z = jax.random.normal(jax.random.key(2), (64, 3))
    momentum = jax.random.normal(jax.random.key(3), (64, 3))
    b, errors = jnp.float32(1.0), []
    for step, leaps in ((0.2, 5), (0.1, 10), (0.05, 20)):
        at = point(ONLY, z)
        end, final = leapfrog(ONLY, at, momentum, b, jnp.full((64,), step), leaps)
        errors.append(float(np.abs(_energy(end, final, b) - _energy(at, momentum, b)).mean()))
    print("energy errors", errors)
    assert 3.2 < errors[0] / errors[1] < 4.8
    assert 3.2 < errors[1] / errors[2] < 4.8


def _stationary(step, steps=300, chains=4000):
    """Chains that start at exact draws of the target, after many transitions."""
    z = MEAN[None] + SCALES[None] * jax.random.normal(jax.random.key(4), (chains, 3))

    def run(at):
        one = lambda at, t: transition(
            ONLY, at, jax.random.fold_in(jax.random.key(5), t), jnp.float32(1.0),
            jnp.full((chains,), step), 5,
        )  # fmt: skip
        return jax.lax.scan(one, at, jnp.arange(steps))

    at, rates = jax.jit(run)(point(ONLY, z))
    return np.asarray(at.z), float(rates.mean())


def test_transition_leaves_a_gaussian_as_it_is_at_a_coarse_step():
    """At a step whose energy error is large: without its acceptance test HMC would fail here."""
    z, rate = _stationary(0.75)
    print("acceptance", rate, z.mean(0), z.std(0))
    assert 0.3 < rate < 0.95
    for i in range(3):
        scaled = (z[:, i] - float(MEAN[i])) / float(SCALES[i])
        assert stats.kstest(scaled, "norm").pvalue > 1e-3
        np.testing.assert_allclose(scaled.mean(), 0.0, atol=4 / np.sqrt(len(scaled)))
        np.testing.assert_allclose(scaled.var(), 1.0, atol=4 * np.sqrt(2 / len(scaled)))


def test_detailed_balance_between_two_halves():
    """From exact draws, as many chains go from z < c to z >= c in one step as come back."""
    chains = 200_000
    z = jnp.broadcast_to(MEAN, (chains, 3)) + SCALES[None] * jax.random.normal(
        jax.random.key(6), (chains, 3)
    )
    step = jnp.full((chains,), 0.8)
    end, _ = transition(ONLY, point(ONLY, z), jax.random.key(7), jnp.float32(1.0), step, 2)
    low, high = np.asarray(z[:, 0] < 1.3), np.asarray(end.z[:, 0] < 1.3)
    there, back = (low & ~high).sum(), (~low & high).sum()
    print(there, back)
    assert abs(int(there) - int(back)) < 4 * np.sqrt(there + back)
    assert there > 10_000


def test_a_trajectory_into_no_number_is_rejected():
    at = point(ONLY, jnp.ones((2, 3)))
    end, rate = transition(ONLY, at, jax.random.key(0), jnp.float32(1.0), jnp.full((2,), 1e25), 9)
    np.testing.assert_array_equal(end.z, at.z)
    np.testing.assert_array_equal(rate, 0.0)
