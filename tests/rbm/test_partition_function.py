"""Partition functions: enumeration against plain sums, annealed sampling against enumeration."""

from __future__ import annotations

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import logsumexp

from aejax.errors import ConfigError
from aejax.rbm.machine import RBM, energy
from aejax.rbm.partition_function import ais, log_partition
from aejax.rbm.units import bernoulli, gaussian, rectified, softmax
from tests.rbm.test_rbm import all_binary, parameters

MACHINES = {
    "bernoulli": RBM(bernoulli(), bernoulli()),
    "gaussian data": RBM(gaussian(), bernoulli()),
    "gaussian code": RBM(bernoulli(), gaussian()),
    "rectified code": RBM(bernoulli(), rectified()),
    "documents": RBM(softmax(5), bernoulli()),
    "one of many": RBM(bernoulli(), softmax()),
}


def test_exact_is_the_sum_over_all_pairs_of_states():
    params = parameters(5, 3)
    pairs = np.array([np.concatenate(p) for p in itertools.product(all_binary(5), all_binary(3))])
    v, h = jnp.asarray(pairs[:, :5], jnp.float32), jnp.asarray(pairs[:, 5:], jnp.float32)
    total = logsumexp(-energy(MACHINES["bernoulli"], params, v, h))
    np.testing.assert_allclose(log_partition(MACHINES["bernoulli"], params), total, rtol=1e-6)


def test_exact_does_not_depend_on_which_layer_is_summed():
    for shape in ((5, 3), (3, 5)):
        params = parameters(*shape)
        turned = {
            "kernel": params["kernel"].T,
            "hidden": params["visible"],
            "visible": params["hidden"],
        }
        np.testing.assert_allclose(
            log_partition(MACHINES["one of many"], params),
            log_partition(RBM(softmax(), bernoulli()), turned),
            rtol=1e-6,
        )


def test_exact_of_a_gaussian_machine_is_a_mixture_s():
    """Data units integrate to sum_h exp(c h + |b + W h|^2 / 2), by its definition."""
    params = parameters(3, 2)
    w, b, c = (np.asarray(params[k], np.float64) for k in ("kernel", "visible", "hidden"))
    exponents = [c @ h + 0.5 * np.square(b + w @ h).sum() for h in all_binary(2)]
    np.testing.assert_allclose(
        log_partition(MACHINES["gaussian data"], params), logsumexp(exponents), rtol=1e-6
    )


@pytest.mark.parametrize("name", MACHINES)
def test_ais_is_within_three_standard_errors(name):
    scale = 0.4 if "code" in name or "gaussian" in name else 1.0
    params = parameters(8, 6, seed=4, scale=scale)
    exact = log_partition(MACHINES[name], params)
    run = jax.jit(lambda p: ais(MACHINES[name], p, jax.random.key(0), chains=200, temperatures=300))
    estimate = run(params)
    assert estimate.error < 0.1
    assert abs(estimate.log_z - exact) < 3 * estimate.error
    independent = params | {"kernel": jnp.zeros((8, 6))}
    assert abs(log_partition(MACHINES[name], independent) - exact) > 6 * estimate.error


def test_ais_of_a_gaussian_pair_meets_its_closed_form():
    """Neither layer is finite; Z is a Gaussian integral in v and h together."""
    params = parameters(4, 3, scale=0.25)
    w, b, c = (np.asarray(params[k], np.float64) for k in ("kernel", "visible", "hidden"))
    precision = np.block([[np.eye(4), -w], [-w.T, np.eye(3)]])
    linear = np.concatenate([b, c])
    exact = 0.5 * linear @ np.linalg.solve(precision, linear)
    exact -= 0.5 * np.linalg.slogdet(precision)[1]
    machine = RBM(gaussian(), gaussian())
    estimate = ais(machine, params, jax.random.key(1), chains=200, temperatures=200)
    assert abs(estimate.log_z - exact) < 3 * estimate.error
    with pytest.raises(ConfigError, match="not to be enumerated"):
        log_partition(machine, params)


def test_too_many_states_are_refused():
    with pytest.raises(ConfigError, match="25 bernoulli and 30 bernoulli units"):
        log_partition(MACHINES["bernoulli"], parameters(25, 30))
