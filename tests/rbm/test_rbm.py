"""Boltzmann machines against sums over all states: energies, gradients, likelihoods."""

from __future__ import annotations

import functools
import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import expit, logsumexp

from aejax import keys
from aejax.errors import ConfigError
from aejax.models import deep_rbm
from aejax.rbm import stack as rbm_stack
from aejax.rbm.machine import RBM, contrast, energy, free_energy, gibbs
from aejax.rbm.partition_function import log_partition
from aejax.rbm.units import UNITS, bernoulli, gaussian, rectified, softmax
from aejax.train import population
from aejax.train.loop import make_chunk
from aejax.train.recipe import Recipe, hparams_of
from aejax.train.step import enter_stage, init_state, make_step
from aejax.types import stages_of

KINDS = {**UNITS, "softmax of 3": lambda: softmax(3)}


def parameters(d: int, h: int, seed: int = 0, scale: float = 0.7) -> dict[str, jax.Array]:
    rng = np.random.default_rng(seed)
    draw = lambda *shape: jnp.asarray(scale * rng.normal(size=shape), jnp.float32)
    return {"kernel": draw(d, h), "hidden": draw(h), "visible": draw(d)}


@functools.cache
def all_binary(n: int) -> np.ndarray:
    return np.stack(np.meshgrid(*[[0.0, 1.0]] * n, indexing="ij"), axis=-1).reshape(-1, n)


def counts(draws: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Every sequence of choices among n, as counts, each of weight 1."""
    sequences = itertools.product(np.eye(n), repeat=draws)
    return np.array([sum(s) for s in sequences]), np.zeros(n**draws)


def grid(n: int) -> tuple[np.ndarray, np.ndarray]:
    """A box of the real n-space with the log of a cell's volume."""
    axis = np.linspace(-12, 12, 241)
    points = np.array(list(itertools.product(axis, repeat=n)))
    return points, np.full(len(points), n * np.log(axis[1] - axis[0]))


def brute_force(kind: str, inputs: np.ndarray) -> float:
    """log of the sum or integral over one layer's states, exp(<inputs, s>) times the base measure.

    Written from the definition of each kind, without its log-normaliser or base measure.
    """
    n = len(inputs)
    if kind == "bernoulli":
        states, weight = all_binary(n), np.zeros(2**n)
    elif kind == "gaussian":
        states, weight = grid(n)
        weight = weight - 0.5 * np.square(states).sum(1) - 0.5 * n * np.log(2 * np.pi)
    elif kind == "rectified":  # 16 of the infinitely many copies, for each unit
        copies = all_binary(16)
        return sum(logsumexp(copies @ (a - np.arange(16) - 0.5)) for a in inputs)
    else:
        states, weight = counts(3 if kind == "softmax of 3" else 1, n)
    return float(logsumexp(states @ inputs + weight))


@pytest.mark.parametrize("hidden", KINDS)
@pytest.mark.parametrize("visible", KINDS)
def test_free_energy_against_brute_force(visible, hidden):
    rbm, params = RBM(KINDS[visible](), KINDS[hidden]()), parameters(4, 2)
    v = rbm.visible.sample(jax.random.key(0), jnp.zeros((3, 4)))
    found = free_energy(rbm, params, v) - rbm.visible.base(v)
    w, b, c = (np.asarray(params[k], np.float64) for k in ("kernel", "visible", "hidden"))
    for row, value in zip(np.asarray(v, np.float64), found, strict=True):
        expected = -row @ b - brute_force(hidden, c + row @ w)
        np.testing.assert_allclose(value, expected, atol=2e-4)


def test_base_measures_count_states():
    """Summed with its base measure, every state of a layer gives the layer's log-normaliser."""
    a = jnp.asarray([0.3, -1.2, 1.7], jnp.float32)
    integers = np.array(list(itertools.product(range(24), repeat=3)), np.float32)
    tables = {
        "bernoulli": (bernoulli(), all_binary(3)),
        "rectified": (rectified(), integers),
        "softmax": (softmax(4), integers[integers.sum(1) == 4]),
    }
    for units, states in tables.values():
        states = jnp.asarray(states, jnp.float32)
        total = jax.nn.logsumexp(states @ a - units.base(states))
        np.testing.assert_allclose(total, units.log_normaliser(a[None, :])[0], rtol=2e-6)
    np.testing.assert_allclose(  # the multinomial coefficient
        softmax(4).base(jnp.asarray([[2.0, 1.0, 1.0]])), -np.log(12), rtol=1e-5
    )
    s = np.linspace(-12, 12, 2001)[:, None]
    density = np.exp(0.7 * s[:, 0] - gaussian().base(jnp.asarray(s, jnp.float32)))
    np.testing.assert_allclose(np.trapezoid(density, s[:, 0]), np.exp(0.7**2 / 2), rtol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_log_normaliser_yields_mean_and_covariance_of_samples(kind):
    units, a = KINDS[kind](), jnp.asarray([-2.0, 0.0, 0.4, 3.0])
    whole = lambda a: units.log_normaliser(a[None, :])[0]
    mean, covariance = jax.grad(whole)(a), jax.hessian(whole)(a)
    n = 40_000
    drawn = units.sample(jax.random.key(1), jnp.broadcast_to(a[None, :], (n, 4)))
    error = np.sqrt(np.diag(covariance) / n)
    assert (np.abs(drawn.mean(0) - mean) < 4 * error).all()
    np.testing.assert_allclose(np.cov(drawn.T), covariance, atol=0.05)
    # The mean that an unrolled network takes: the paper's approximation for rectified units.
    np.testing.assert_allclose(
        units.mean(a[None, :])[0], mean, atol=0.011 if kind == "rectified" else 1e-5
    )


def test_rectified_units_stay_finite_far_out():
    units, a = rectified(), jnp.asarray([[-200.0, 0.0, 200.0]])
    value, slope = jax.value_and_grad(lambda a: units.log_normaliser(a)[0])(a)
    assert np.isfinite(value)
    np.testing.assert_allclose(slope[0], [0, 0.68262, 200], atol=1e-4)
    drawn = units.sample(jax.random.key(0), a)
    assert drawn[0, 0] == 0
    assert abs(drawn[0, 2] - 200) < 8


def test_energy_is_the_free_energy_s_integrand():
    rbm, params = RBM(bernoulli(), bernoulli()), parameters(5, 3)
    v, h = all_binary(5)[[7]], all_binary(3)
    pairs = [
        energy(rbm, params, jnp.asarray(v, jnp.float32), jnp.asarray(h[[i]], jnp.float32))
        for i in range(8)
    ]
    total = -logsumexp(-np.concatenate(pairs))
    np.testing.assert_allclose(
        free_energy(rbm, params, jnp.asarray(v, jnp.float32))[0], total, rtol=1e-5
    )


# ---- gradients, against sums over every state of the chain


def negative_statistics(params, v: np.ndarray, weight: np.ndarray) -> dict[str, np.ndarray]:
    """sum_v weight(v) * (d -F / d parameters)(v), written out for binary units."""
    w, c = np.asarray(params["kernel"], np.float64), np.asarray(params["hidden"], np.float64)
    h = expit(c + v @ w)
    return {"kernel": (weight[:, None] * v).T @ h, "hidden": weight @ h, "visible": weight @ v}


def chain_end(params, v0: np.ndarray, sampled: bool) -> tuple[np.ndarray, np.ndarray]:
    """Every end of one Gibbs step from v0 [B, D], and its probability, by enumeration."""
    w, b, c = (np.asarray(params[k], np.float64) for k in ("kernel", "visible", "hidden"))
    h = all_binary(w.shape[1])
    on = expit(c + v0 @ w)
    p_h = np.prod(np.where(h[:, None, :] == 1, on[None], 1 - on[None]), -1).mean(1)
    mean = expit(b + h @ w.T)
    if not sampled:
        return mean, p_h
    v = all_binary(w.shape[0])
    p_v = np.prod(np.where(v[:, None, :] == 1, mean[None], 1 - mean[None]), -1)
    return v, p_v @ p_h


@pytest.mark.parametrize("persistent", [False, True])
def test_cd1_gradient_is_the_enumerated_one(persistent):
    """Of the loss that training differentiates, over 20,000 draws of its noise."""
    kinds, params = (bernoulli(), bernoulli()), parameters(4, 3)
    v0 = jnp.asarray(all_binary(4)[[1, 6, 13]], jnp.float32)
    whole = {
        "encoder": {"dense_0": {"kernel": params["kernel"], "bias": params["hidden"]}},
        "decoder": {"dense_0": {"bias": params["visible"]}},
    }
    loss = rbm_stack.pretraining_loss(kinds, 0, 1, persistent)
    extra = {"chains": {"rbm_0": v0}} if persistent else {}

    def gradient(key):
        scalar = lambda p: loss({"params": p, "extra": extra}, {"w_rbm_l2": 0.01}, v0, key, 0)[0]
        return jax.grad(scalar)(whole)

    found = jax.jit(jax.vmap(gradient))(jax.random.split(jax.random.key(0), 20_000))
    found = {
        "kernel": found["encoder"]["dense_0"]["kernel"],
        "hidden": found["encoder"]["dense_0"]["bias"],
        "visible": found["decoder"]["dense_0"]["bias"],
    }
    data = negative_statistics(params, np.asarray(v0, np.float64), np.full(3, 1 / 3))
    model = negative_statistics(params, *chain_end(params, np.asarray(v0, np.float64), persistent))
    for name, draws in found.items():
        expected = model[name] - data[name]
        if name == "kernel":
            expected = expected + 0.01 * np.asarray(params["kernel"])  # the weight cost
        error = np.asarray(draws).std(0) / np.sqrt(len(draws))
        assert error.max() < 5e-3
        assert (np.abs(np.asarray(draws, np.float64).mean(0) - expected) < 4 * error + 1e-6).all()


def test_cd_k_tends_to_the_likelihood_s_gradient():
    rbm, params = RBM(bernoulli(), bernoulli()), parameters(4, 3, scale=0.5)
    v0 = jnp.asarray(all_binary(4)[[1, 6, 13]], jnp.float32)
    starts = jnp.tile(v0, (4000, 1))
    negative = gibbs(rbm, params, jax.random.key(3), starts, 40)
    estimate = jax.grad(lambda p: jnp.mean(contrast(rbm, p, v0, negative)))(params)
    likelihood = lambda p: jnp.mean(free_energy(rbm, p, v0)) + log_partition(rbm, p)
    exact = jax.grad(likelihood)(params)
    for name in params:
        np.testing.assert_allclose(estimate[name], exact[name], atol=4 * 0.5 / np.sqrt(12_000))


# ---- learning


def bars_and_stripes(n: int = 3) -> np.ndarray:
    """The 2 * 2^n - 2 images whose rows, or whose columns, are each all on or all off."""
    rows = [np.repeat(bits[:, None], n, 1).ravel() for bits in all_binary(n)]
    columns = [np.repeat(bits[None, :], n, 0).ravel() for bits in all_binary(n)]
    return np.unique(np.array(rows + columns), axis=0).astype(np.float32)


def log_likelihood(kinds, variables, x: jax.Array) -> float:
    rbm, params = rbm_stack.machine(kinds, 0), rbm_stack.parameters(kinds, variables["params"], 0)
    return float(-jnp.mean(free_energy(rbm, params, x)) - log_partition(rbm, params))


@pytest.mark.parametrize(("cd_steps", "chains"), [(1, 0), (5, 0), (1, 200)])
def test_log_likelihood_rises_on_bars_and_stripes(cd_steps, chains):
    """By the training step, in its first stage: CD-1, CD-5 and persistent chains."""
    x = jnp.asarray(bars_and_stripes())
    assert x.shape == (14, 9)
    kinds = (bernoulli(), bernoulli())
    model = deep_rbm(9, 16, (), code_units="bernoulli", cd_steps=cd_steps, chains=chains)
    recipe, stage, steps = Recipe(6000, 14, schedule="linear"), stages_of(model)[0], 6000
    hp = hparams_of(model, recipe) | {"lr_rbm": 0.02}
    if chains:  # persistent chains lag behind weights that are carried on by momentum
        hp |= {"lr_rbm": 0.1, "momentum": 0.0, "momentum_start": 0.0}
    hp = {name: jnp.float32(v) for name, v in hp.items()}
    step = make_step(model, stage, recipe, steps)
    chunk = make_chunk(step, length=steps // 4, points=1, batch_size=14)
    seeds = jnp.arange(8)
    states = jax.vmap(lambda seed: init_state(model, seed, x))(seeds)
    states = jax.vmap(lambda s: enter_stage(model, stage, recipe, steps, s, hp))(states)
    chunks = jax.jit(jax.vmap(chunk, (0, None, None)))
    likelihoods = lambda s: [
        log_likelihood(kinds, population.member(s.variables, i), x) for i in range(len(seeds))
    ]
    reached = [likelihoods(states)]
    for _ in range(4):
        states, _ = chunks(states, hp, x)
        reached.append(likelihoods(states))
    # CD follows no gradient of the likelihood, and one chain wanders by its noise once it is
    # there: it is the mean over seeds that has to rise from quarter to quarter.
    reached = np.array(reached)
    mean = reached.mean(1)
    print(reached)
    assert (np.diff(mean) > 0).all(), mean
    assert (reached[1] > reached[0] + 1).all()
    assert mean[-1] > mean[0] + 3
    assert (reached[-1] < -np.log(14)).all()  # no model can do better


def test_a_gaussian_machine_learns_where_the_data_lie():
    """Its likelihood is a mixture of 2^H normals: it has to beat the single one it starts as."""
    rng = np.random.default_rng(0)
    centres = np.array([[2.0, -2.0, 0.0], [-2.0, 2.0, 1.0]])
    x = jnp.asarray(centres[rng.integers(2, size=200)] + rng.normal(size=(200, 3)), jnp.float32)
    rbm, params = RBM(gaussian(), bernoulli()), parameters(3, 4, scale=0.01)
    nll = lambda p: jnp.mean(free_energy(rbm, p, x)) + log_partition(rbm, p)
    before = float(nll(params))

    def step(p, i):
        negative = gibbs(rbm, p, keys.at(jax.random.key(0), "chain", i), x, 1)
        grads = jax.grad(lambda p: jnp.mean(contrast(rbm, p, x, negative)))(p)
        return jax.tree.map(lambda w, g: w - 0.05 * g, p, grads), None

    params, _ = jax.lax.scan(step, params, jnp.arange(800))
    oracle = -np.mean(logsumexp(-0.5 * np.square(x[:, None] - centres[None]).sum(-1), axis=1))
    oracle += np.log(2) + 1.5 * np.log(2 * np.pi)
    assert before > oracle + 1.5
    assert nll(params) < oracle + 0.25


def test_wrong_units():
    with pytest.raises(ConfigError, match="draws=0 is out of range"):
        softmax(0)
