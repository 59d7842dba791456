"""Models of discrete codes: bounds against exact sums over all codes, and codebooks in use."""

from __future__ import annotations

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import special

import aejax
from aejax import data, models
from aejax.errors import ConfigError
from aejax.evaluate import evaluate
from aejax.evaluate.importance import log_likelihood
from aejax.train import population, tree
from tests.models.members import train_members

SIZE = 5
X = jnp.asarray(np.random.default_rng(0).integers(0, 2, (6, SIZE)), jnp.float32)
SMALL = {
    "vq_vae": {"groups": 2, "dim": 2, "codes": 4},
    "fsq": {"groups": 2, "levels": (3, 2)},
    "gumbel_vae": {"groups": 2, "codes": 4, "hard": True},
}


def started(name: str, **args):
    model = models.build(name, SIZE, {"widths": (8,), **SMALL[name], **args})
    variables = jax.tree.map(lambda p: 2.0 * p, model.init(jax.random.key(1), X))
    return model, variables


def exact_log_p(model, variables) -> np.ndarray:
    """log of the mean of p(x | code) over all codes, by enumeration."""
    space = model.info.space
    drawn = np.asarray(space.prior(variables, jax.random.key(0), 2000)).reshape(2000, 2, -1)
    values = np.unique(drawn.reshape(4000, -1), axis=0)  # what one group may be
    assert len(values) == space.codes
    codes = np.array([np.concatenate(pair) for pair in itertools.product(values, repeat=2)])
    out = model.decode(variables, jnp.asarray(codes))
    like = lambda row: -model.info.likelihood.nll(out, jnp.broadcast_to(row, (len(codes), SIZE)))
    log_each = np.array([like(row[None]) for row in X], np.float64)
    return special.logsumexp(log_each, axis=1) - np.log(len(codes))


@pytest.mark.parametrize("name", SMALL)
def test_the_bound_is_one(name):
    """-(rec + kl) <= log p(x), in the mean over posterior samples where there are any."""
    model, variables = started(name)
    hp = {n: jnp.float32(v) for n, v in model.hparams.items()}
    keys = jax.random.split(jax.random.key(2), 200)
    run = jax.vmap(lambda key: model.loss(variables, hp, X, key, jnp.int32(0))[1].terms)
    terms = jax.jit(run)(keys)
    bound = -sum(np.asarray(terms[term]).mean(0) for term in model.info.bound)
    exact = exact_log_p(model, variables)
    print(name, "gap in nats:", np.round(exact - bound, 2))
    assert (bound < exact).all()


def test_hard_gumbel_samples_reach_the_exact_log_likelihood():
    model, variables = started("gumbel_vae")
    found = log_likelihood(model, variables, X, jax.random.key(3), 40_000, 2000)
    error = np.asarray(found.log_p) - exact_log_p(model, variables)
    print("errors in standard errors", np.round(error / found.standard_error, 2))
    assert np.abs(error / np.asarray(found.standard_error)).max() < 4
    assert (np.asarray(found.standard_error) < 0.1).all()


@pytest.fixture(scope="module")
def digits() -> data.Dataset:
    return data.load("digits", train_size=512, test_size=100)


DENSE = {"groups": 8, "dim": 2, "codes": 16, "widths": (32,)}


def test_a_moving_codebook_is_trained_used_and_part_of_the_population(digits):
    """Two decays as members; the codebook is no parameter, and moves at each member's own pace."""
    model = models.build("vq_vae", (8, 8, 1), {**DENSE, "ema": True})
    members = {"codebook_decay": [0.9, 1.0], "restart_below": [0.0, 0.0]}
    done = train_members(model, digits.train, steps=200, lr=3e-3, **members)
    moving, still = (population.member(done.state.variables, i) for i in (0, 1))
    assert "latent" not in moving["params"]
    first = model.init(jax.random.key(0), jnp.zeros((1, 8, 8, 1)))["extra"]["codebook"].shape
    assert moving["extra"]["codebook"].shape == first == (16, 2)
    # gamma = 1 never moves: e_k = m_k / N_k stays where it began.
    np.testing.assert_allclose(still["extra"]["codebook"], still["extra"]["total"], rtol=1e-6)
    assert float(jnp.abs(moving["extra"]["codebook"] - still["extra"]["codebook"]).max()) > 0.1
    hp = {n: jnp.float32(v) for n, v in model.hparams.items()}
    found = evaluate(model, moving, hp, jax.random.key(0), jnp.asarray(digits.test))
    row = {n: round(float(v), 2) for n, v in found.items()}
    print(row)
    assert row["codebook_usage"] > 0.8
    assert row["codebook_perplexity"] > 8


def test_restarts_bring_a_collapsed_codebook_to_life(digits):
    """All codes but one are out of reach: without restarts one code is all there is."""
    model = models.build("vq_vae", (8, 8, 1), {**DENSE, "ema": True})

    def init(key, x):
        variables = model.init(key, x)
        far = variables["extra"]["codebook"] + 100.0 * (jnp.arange(16) > 0)[:, None]
        variables["extra"] |= {"codebook": far, "total": far}
        return variables

    done = train_members(
        model.replace(init=init), digits.train, steps=200, lr=3e-3, restart_below=[0.0, 0.5]
    )
    hp = {n: jnp.float32(v) for n, v in model.hparams.items()}
    use = []
    for i in (0, 1):
        variables = population.member(done.state.variables, i)
        found = evaluate(model, variables, hp, jax.random.key(0), jnp.asarray(digits.test))
        use.append(float(found["codebook_usage"]))
    print("usage without and with restarts:", use)
    assert use[0] == 1 / 16
    assert use[1] > 0.8


def test_channels_of_fsq_stay_alive_where_h_is_normalised(digits):
    """tanh saturates in the first steps of a dense encoder, and no gradient comes back."""
    error, constant = {}, {}
    for normalise in (False, True):
        model = models.build("fsq", (8, 8, 1), {"widths": (64,), "normalise": normalise})
        fitted = aejax.fit(model, digits.train, steps=500, hp={"lr": 2e-3}, progress=False)
        codes = aejax.encode(fitted, digits.test)
        constant[normalise] = (np.ptp(codes, axis=0) == 0).mean()
        error[normalise] = aejax.score(fitted, digits.test)["mse_per_image"].mean()
    print("constant channels", constant, "error", error)
    assert constant[True] == 0 < constant[False]
    assert error[True] < 0.9 * error[False]


def test_temperatures_are_members_of_one_population(digits):
    args = {"groups": 4, "codes": 4, "widths": (16,)}
    model = models.build("gumbel_vae", (8, 8, 1), args)
    done = train_members(
        model,
        digits.train,
        steps=20,
        temperature=[2.0, 2.0],
        temperature_min=[0.1, 0.1],
        temperature_rate=[0.0, 0.1],
    )
    found = np.asarray(done.state.variables["extra"]["temperature"])
    np.testing.assert_allclose(found, [2.0, 2.0 * np.exp(-1.9)], rtol=1e-5)
    assert done.recompiles == 0
    kernels = tree.flatten(done.state.variables["params"])["encoder/dense_0/kernel"]
    assert not np.array_equal(kernels[0], kernels[1])


def test_bad_arguments():
    for name, args, message in (
        ("vq_vae", {"codes": 0}, "codes=0 is out of range"),
        ("vq_vae", {"dim": 0}, "dim=0 is out of range"),
        ("fsq", {"levels": (1,)}, "levels=1 is out of range"),
        ("gumbel_vae", {"groups": 0}, "groups=0 is out of range"),
    ):
        with pytest.raises(ConfigError, match=message):
            models.build(name, SIZE, args)
