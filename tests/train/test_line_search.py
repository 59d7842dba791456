"""Optimisers that search lines: held against SciPy, and against the conditions they promise."""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import minimize, rosen, rosen_der

import aejax
from aejax.errors import ConfigError
from aejax.train import optimizers
from aejax.train.optimizers.conjugate import ARMIJO, CURVATURE, LinePoint, wolfe

SEARCHES = ("cg", "cg_batches", "lbfgs")


@functools.cache
def quadratic_matrix(n: int = 20, condition: float = 100.0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    q = np.linalg.qr(rng.normal(size=(n, n)))[0]
    return (q * np.geomspace(1, condition, n)) @ q.T, rng.normal(size=n)


def quadratic(p):
    a, b = (jnp.asarray(v, jnp.float32) for v in quadratic_matrix())
    x = jnp.concatenate([p["a"], p["b"]])  # two leaves: an optimiser sees trees
    return 0.5 * x @ (a @ x) - b @ x


def rosenbrock(p):
    x = jnp.concatenate([p["a"], p["b"]])
    return jnp.sum(100 * jnp.square(x[1:] - jnp.square(x[:-1])) + jnp.square(1 - x[:-1]))


def descend(name, fn, start, steps):
    """The same calls as in the training step. Returns every iterate [T, n] and value [T]."""
    tx = optimizers.make(name, "constant", False, steps, {}, {})
    params = {"a": start[:1], "b": start[1:]}

    def step(carry, _):
        x, state = carry
        value, grad = jax.value_and_grad(fn)(x)
        updates, state = tx.update(grad, state, x, value=value, grad=grad, value_fn=fn)
        x = jax.tree.map(jnp.add, x, updates)
        return (x, state), (jnp.concatenate([x["a"], x["b"]]), fn(x))

    return jax.lax.scan(step, (params, tx.init(params)), length=steps)[1]


def run(name, fn, start, steps):
    found = jax.jit(lambda s: descend(name, fn, s, steps))(jnp.asarray(start, jnp.float32))
    return tuple(np.asarray(v, np.float64) for v in found)


@pytest.mark.parametrize("name", SEARCHES)
def test_minimises_a_quadratic_as_scipy_does(name):
    a, b = quadratic_matrix()
    theirs = minimize(
        lambda x: 0.5 * x @ a @ x - b @ x, np.zeros(20), jac=lambda x: a @ x - b, method="CG"
    )
    assert theirs.success
    x, values = run(name, quadratic, np.zeros(20), 40)
    np.testing.assert_allclose(x[-1], theirs.x, atol=2e-4)
    assert abs(values[-1] - theirs.fun) < 1e-5
    assert (np.diff(values) < 1e-5).all()


@pytest.mark.parametrize("name", SEARCHES)
def test_minimises_rosenbrock_in_about_as_many_iterations_as_scipy(name):
    method = "L-BFGS-B" if name == "lbfgs" else "CG"
    start = [-1.2, 1.0]
    theirs = minimize(rosen, start, jac=rosen_der, method=method, tol=1e-6)
    x, values = run(name, rosenbrock, start, 60)
    np.testing.assert_allclose(x[-1], theirs.x, atol=1e-3)
    ours = int(np.argmax(values < 1e-6)) + 1
    assert values[ours - 1] < 1e-6
    assert ours <= 1.5 * theirs.nit
    print(f"{name}: {ours} updates, scipy's {method}: {theirs.nit} iterations")


def test_conjugacy_ends_on_a_quadratic_with_few_eigenvalues():
    """Three eigenvalues: three exact searches would do, where steepest descent needs hundreds."""
    scales = jnp.asarray(np.repeat([1.0, 10.0, 100.0], 5), jnp.float32)
    fn = lambda p: 0.5 * jnp.sum(scales * jnp.square(jnp.concatenate([p["a"], p["b"]]) - 1.0))
    _, values = run("cg", fn, np.zeros(15), 10)
    assert values[6] < 1e-6 * fn({"a": jnp.zeros(1), "b": jnp.zeros(14)})


@pytest.mark.parametrize("first", [1e-4, 0.1, 1.0, 30.0])
def test_the_line_search_satisfies_the_strong_wolfe_conditions(first):
    """On a line with two valleys, from guesses that are far too short and far too long."""
    fn = lambda t: jnp.square(t - 2.0) * (1.5 - jnp.sin(3 * t)) + 0.1 * t

    def phi(t):
        value, slope = jax.value_and_grad(fn)(t)
        return value, slope, slope

    value, slope, _ = phi(jnp.float32(0))
    start = LinePoint(jnp.float32(0), slope, value, slope)
    assert slope < 0
    end = jax.jit(lambda t: wolfe(phi, start, t, 30))(jnp.float32(first))
    assert end.step > 0
    assert fn(end.step) <= value + ARMIJO * end.step * slope
    assert abs(jax.grad(fn)(end.step)) <= CURVATURE * abs(slope)


def test_the_line_search_survives_a_cliff():
    """Beyond t = 1 the function is not a number; without any decrease the start is returned."""
    fn = lambda t: jnp.where(t < 1, jnp.square(t - 0.9), jnp.nan)

    def phi(t):
        value, slope = jax.value_and_grad(fn)(t)
        return value, slope, slope

    start = LinePoint(jnp.float32(0), jnp.float32(-1.8), jnp.float32(0.81), jnp.float32(-1.8))
    end = wolfe(phi, start, jnp.float32(50.0), 20)
    assert abs(end.step - 0.9) < 0.1
    nothing = wolfe(lambda t: (jnp.nan * t, jnp.nan * t, t), start, jnp.float32(1.0), 20)
    assert nothing.step == 0
    assert nothing.value == start.value


@pytest.mark.parametrize("name", SEARCHES)
def test_members_of_a_population_search_their_own_lines(name):
    starts = jnp.asarray(np.random.default_rng(1).normal(size=(3, 20)), jnp.float32)
    together, _ = jax.jit(jax.vmap(lambda s: descend(name, quadratic, s, 8)))(starts)
    alone, _ = run(name, quadratic, starts[1], 8)
    np.testing.assert_allclose(together[1], alone, atol=1e-4)
    assert not np.allclose(together[0], alone, atol=1e-2)


def test_fit_takes_one_and_its_hyper_parameters_are_none():
    x = np.random.default_rng(0).normal(size=(64, 6)).astype(np.float32)
    model = aejax.models.linear(6, 2)
    fit = aejax.fit(model, x, steps=30, batch_size=64, optimizer="cg")
    assert fit.diverged is None
    assert set(fit.hp) == {"w_rec_nats"}
    with pytest.raises(ConfigError, match=r"hp\.lr=0\.1: .* reads no such hyper-parameter"):
        aejax.fit(model, x, steps=2, batch_size=64, optimizer="cg", hp={"lr": 0.1})
    with pytest.raises(ConfigError, match="clip=True does not go with optimizer='lbfgs'"):
        aejax.fit(model, x, steps=2, batch_size=64, optimizer="lbfgs", clip=True)
    with pytest.raises(ConfigError, match="Did you mean 'lbfgs'"):
        aejax.fit(model, x, steps=2, batch_size=64, optimizer="bfgs")


def test_two_players_are_refused():
    groups = {"discriminator": "lr_discriminator"}
    tx = optimizers.make("cg", "constant", False, 10, {}, groups)
    tx.init({"encoder/w": jnp.zeros(2)})  # none of the other player's parameters move here
    with pytest.raises(ConfigError, match="under 'discriminator' have an objective of their own"):
        tx.init({"encoder/w": jnp.zeros(2), "discriminator/w": jnp.zeros(2)})
