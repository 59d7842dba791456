"""AIS and BDMC: the closed form of a linear-Gaussian model, quadrature, unbiasedness, bad input."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import special

from aejax.errors import ConfigError
from aejax.evaluate.annealed import SCHEDULES, Path, ais, reverse_ais, tune
from aejax.evaluate.bdmc import bdmc, simulate
from aejax.models.bottleneck.undercomplete import undercomplete
from aejax.models.discrete.gumbel_vae import gumbel_vae
from aejax.models.prior.planar_vae import planar_vae
from aejax.models.variational.vae import vae
from tests.models import linear_gaussian as lg

SIZE, LATENT = 6, 2
LINEAR = vae(SIZE, latent=LATENT, widths=(), likelihood="gaussian")
W, B = lg.loading(0, LATENT, SIZE)
X = jnp.asarray(lg.draw(1, 12, W, B), jnp.float32)
VARIABLES = lg.variables(W, B, shrink=0.9, widen=0.6)  # a poor encoder


@functools.cache
def run(start, temperatures=300, schedule="sigmoid"):
    path = Path(temperatures, 5, 64, schedule, start)

    def both(key):
        steps = tune(LINEAR, VARIABLES, X, jax.random.fold_in(key, 1), path)
        return steps, ais(LINEAR, VARIABLES, X, jax.random.fold_in(key, 2), steps, path)

    return jax.jit(both)(jax.random.key(0))


@pytest.mark.parametrize("start", ["prior", "posterior"])
def test_reaches_the_closed_form_of_a_linear_gaussian_model(start):
    _, found = run(start)
    error = np.asarray(found.log_p) - lg.log_p(np.float64(X), W, B)
    print(start, "mean error", error.mean(), "worst in standard errors",
          np.abs(error / found.standard_error).max(), "ess", found.ess.min())  # fmt: skip
    assert abs(error.mean()) < 0.02
    assert np.abs(error / np.asarray(found.standard_error)).max() < 4
    assert (np.asarray(found.ess) > 20).all()


def test_tuning_brings_acceptance_to_its_target():
    steps, found = run("prior")
    assert steps.shape == (300, len(X))
    late = np.asarray(found.acceptance)[60:]
    print("acceptance", late.min(), late.mean(), late.max())
    assert abs(late.mean() - 0.65) < 0.06
    assert np.asarray(found.acceptance)[:5].mean() > 0.8  # it began at small steps


@pytest.mark.parametrize("start", ["prior", "posterior"])
def test_forward_is_below_the_truth_and_reverse_above(start):
    """A short path, so that both bounds are loose enough for the order to be no accident."""
    path = Path(12, 3, 4, "linear", start) if start == "prior" else Path(2, 1, 1, "linear", start)

    def run(key):
        x, z = simulate(LINEAR, VARIABLES, jax.random.fold_in(key, 0), 2000)
        steps = jnp.float32(0.7)
        lower = ais(LINEAR, VARIABLES, x, jax.random.fold_in(key, 1), steps, path)
        upper = reverse_ais(LINEAR, VARIABLES, x, z, jax.random.fold_in(key, 2), steps, path)
        return x, lower.log_p, upper.log_p

    x, lower, upper = map(np.float64, jax.jit(run)(jax.random.key(3)))
    truth = lg.log_p(x, W, B)
    for name, gap in (("truth - forward", truth - lower), ("reverse - truth", upper - truth)):
        print(start, name, gap.mean(), "+-", gap.std() / np.sqrt(len(gap)))
        assert gap.mean() > 3 * gap.std() / np.sqrt(len(gap))
        assert gap.mean() < 0.5


def test_weights_are_unbiased_on_a_path_that_is_far_too_short():
    """E[w / p(x)] = 1 forwards and E[p(x) / w] = 1 backwards, however bad the transitions are."""
    path = Path(4, 2, 1, "linear", "prior")
    variables = lg.variables(0.5 * W, B, shrink=0.9, widen=0.6)
    x, z = simulate(LINEAR, variables, jax.random.key(1), 20_000)
    steps = jnp.float32(0.9)
    truth = lg.log_p(np.float64(x), 0.5 * W, B)
    there = ais(LINEAR, variables, x, jax.random.key(2), steps, path)
    back = reverse_ais(LINEAR, variables, x, z, jax.random.key(3), steps, path)
    for ratio in (np.exp(np.float64(there.log_p) - truth), np.exp(truth - np.float64(back.log_p))):
        error = ratio.std() / np.sqrt(len(ratio))
        print("mean weight over p(x)", ratio.mean(), "+-", error)
        assert abs(ratio.mean() - 1) < 4 * error
        assert error < 0.05


def test_a_long_reverse_path_reaches_the_closed_form():
    path = Path(300, 5, 16)

    def run(key):
        x, z = simulate(LINEAR, VARIABLES, jax.random.fold_in(key, 0), 200)
        steps = tune(LINEAR, VARIABLES, x, jax.random.fold_in(key, 1), path)
        upper = reverse_ais(LINEAR, VARIABLES, x, z, jax.random.fold_in(key, 2), steps, path)
        return x, upper.log_p

    x, upper = map(np.float64, jax.jit(run)(jax.random.key(7)))
    error = upper - lg.log_p(x, W, B)
    print("reverse - truth", error.mean(), "+-", error.std() / np.sqrt(len(error)))
    assert abs(error.mean()) < 0.02


def test_the_stated_error_is_the_spread_of_many_runs():
    """One example 400 times, each time with chains of its own; members at once by the way."""
    path = Path(40, 3, 32)
    x = jnp.broadcast_to(X[:1], (400, SIZE))
    stacked = jax.tree.map(lambda v: jnp.stack([v, v]), VARIABLES)
    estimate = lambda v: ais(LINEAR, v, x, jax.random.key(8), jnp.float32(0.6), path)
    both = jax.jit(jax.vmap(estimate))(stacked)
    found = jax.jit(estimate)(VARIABLES)
    np.testing.assert_allclose(both.log_p[1], found.log_p, rtol=1e-4, atol=1e-4)
    spread, stated = np.std(found.log_p), np.mean(found.standard_error)
    print("spread", spread, "stated", stated, "ess", found.ess.mean())
    assert 0.8 < stated / spread < 1.2


def test_reaches_quadrature_for_a_non_linear_bernoulli_decoder():
    model = vae(5, latent=1, widths=(8,), likelihood="bernoulli")
    x = jax.random.bernoulli(jax.random.key(1), 0.5, (4, 5)).astype(jnp.float32)
    variables = jax.tree.map(lambda p: 2.5 * p, model.init(jax.random.key(2), x))
    grid = np.linspace(-9, 9, 4001)
    logits = np.asarray(model.decode(variables, jnp.float32(grid[:, None])), np.float64)
    log_x = np.float64(x) @ special.log_expit(logits).T
    log_x += (1 - np.float64(x)) @ special.log_expit(-logits).T
    prior = -0.5 * grid**2 - 0.5 * np.log(2 * np.pi)
    exact = special.logsumexp(log_x + prior, axis=1) + np.log(grid[1] - grid[0])
    path = Path(200, 5, 200)

    def run(key):
        steps = tune(model, variables, x, jax.random.fold_in(key, 1), path)
        return ais(model, variables, x, key, steps, path)

    found = jax.jit(run)(jax.random.key(3))
    error = np.asarray(found.log_p) - exact
    print("errors", error, "stated", found.standard_error)
    assert np.abs(error / np.asarray(found.standard_error)).max() < 4
    assert np.abs(error).max() < 0.02


def test_bdmc_closes_with_more_temperatures():
    gaps = []
    for temperatures in (10, 300):
        path = Path(temperatures, 4, 16)
        found = jax.jit(lambda key, path=path: bdmc(LINEAR, VARIABLES, key, 64, path))(
            jax.random.key(5)
        )
        gaps.append(float(found.gap.mean()))
    print("gaps", gaps)
    assert gaps[0] > 0.1
    assert abs(gaps[1]) < 0.05


@pytest.mark.parametrize("name", sorted(SCHEDULES))
def test_schedules_go_from_nought_to_one(name):
    betas = np.asarray(SCHEDULES[name](jnp.linspace(0.0, 1.0, 101)))
    assert betas[0] == pytest.approx(0.0, abs=1e-7)
    assert betas[-1] == pytest.approx(1.0, abs=1e-6)
    assert (np.diff(betas) > 0).all()


def test_discrete_codes_are_refused():
    model = gumbel_vae(4, groups=2, codes=3, widths=(), hard=True)
    x = jnp.ones((2, 4))
    variables = model.init(jax.random.key(0), x)
    with pytest.raises(ConfigError, match="codes are discrete"):
        ais(model, variables, x, jax.random.key(1), jnp.float32(0.1), Path(2, 1, 1))


def test_bad_input_is_one_line():
    empty = {"params": {}, "extra": {}}
    model = undercomplete(4, latent=2, widths=())
    with pytest.raises(ConfigError, match="'undercomplete' needs log-densities"):
        ais(model, empty, jnp.ones((1, 4)), jax.random.key(0), jnp.float32(0.1))
    with pytest.raises(ConfigError, match="temperatures=0 is out of range"):
        tune(LINEAR, VARIABLES, X, jax.random.key(0), Path(temperatures=0))
    with pytest.raises(ConfigError, match="start='encoder' is unknown"):
        tune(LINEAR, VARIABLES, X, jax.random.key(0), Path(start="encoder"))
    flow = planar_vae(4, latent=2, widths=(4,))
    x = jnp.ones((2, 4))
    variables = flow.init(jax.random.key(0), x)
    with pytest.raises(ConfigError, match="density at its own sample only"):
        tune(flow, variables, x, jax.random.key(0), Path(start="posterior"))
