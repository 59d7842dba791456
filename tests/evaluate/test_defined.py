"""Estimates where they are defined, shapes that do not broadcast, values inside the support."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.spatial.distance import cdist

import aejax
from aejax.data.batches import mean_over, rows_over
from aejax.errors import ConfigError
from aejax.evaluate import evaluate, per_example
from aejax.evaluate.code_scores import Coded, code_metrics
from aejax.evaluate.disentanglement import (
    dci,
    discretise,
    mutual_information_gap,
    separated_attribute_predictability,
)
from aejax.evaluate.importance import log_likelihood
from aejax.evaluate.retrieval import retrieve
from aejax.likelihoods.pixels import LIKELIHOODS, gaussian_learned
from aejax.losses.discrepancy import SCALES, mmd_sq

RNG = np.random.default_rng(0)
KEY = jax.random.key(0)


def one_line(call, *says):
    with pytest.raises(ConfigError) as caught:
        call()
    message = str(caught.value)
    assert "\n" not in message
    for words in says:
        assert words in message


# B15: a row alone has no pairs.


def exact_mmd(x: np.ndarray, y: np.ndarray) -> float:
    widths = 2 * x.shape[1] * np.asarray(SCALES)[:, None, None]
    kernel = lambda a, b: (widths / (widths + cdist(a, b, "sqeuclidean"))).sum(0)
    off = lambda k: (k.sum() - np.trace(k)) / (len(k) * (len(k) - 1))
    return off(kernel(x, x)) + off(kernel(y, y)) - 2 * kernel(x, y).mean()


def test_mmd_of_two_rows_and_of_one():
    x, y = RNG.normal(size=(2, 3)), RNG.normal(size=(5, 3))
    assert float(mmd_sq(jnp.asarray(x), jnp.asarray(y))) == pytest.approx(exact_mmd(x, y), rel=1e-5)
    assert math.isnan(float(mmd_sq(jnp.asarray(x[:1]), jnp.asarray(y))))
    assert math.isnan(float(mmd_sq(jnp.asarray(x), jnp.asarray(y[:1]))))


@pytest.mark.parametrize(
    ("rows", "batch_size", "sizes"),
    [
        (33, 32, [33]),
        (33, 16, [16, 17]),
        (34, 16, [16, 16, 2]),
        (32, 16, [16, 16]),
        (1, 16, [1]),
        (3, 1, [1, 1, 1]),
        (2, 1, [1, 1]),
    ],
)
def test_a_single_row_left_over_goes_with_the_batch_before(rows, batch_size, sizes):
    x = jnp.arange(float(rows))[:, None]
    size = lambda x, key: {"rows": jnp.full(len(x), float(len(x)))}
    found = rows_over(size, x, KEY, batch_size)["rows"]
    np.testing.assert_array_equal(found, np.repeat(sizes, sizes))
    order = rows_over(lambda x, key: x[:, 0], x, KEY, batch_size)
    np.testing.assert_array_equal(order, np.arange(rows))
    mean = mean_over(lambda x, key: {"x": x[:, 0]}, x, KEY, batch_size)["x"]
    assert float(mean) == pytest.approx((rows - 1) / 2)


def test_discrepancies_of_a_ragged_set():
    """One row more changes info_vae's loss by a row's part, and not by a third (63.2, 44.7)."""
    x = jnp.asarray(RNG.random((33, 12)), jnp.float32)
    model = aejax.models.info_vae(12, latent=2, widths=(8,))
    variables = model.init(KEY, x)
    measure = jax.jit(evaluate, static_argnums=(0, 5))
    of = lambda n, size: measure(model, variables, model.hparams, KEY, x[:n], size)
    ragged, together = of(33, 32), of(33, 33)
    assert float(ragged["mmd_sq"]) == pytest.approx(float(together["mmd_sq"]), rel=1e-4)
    assert float(ragged["loss"]) == pytest.approx(float(together["loss"]), rel=1e-4)
    assert math.isnan(float(of(1, 32)["mmd_sq"]))


@pytest.mark.parametrize("name", ["wae_mmd", "info_vae", "dip_vae", "beta_tc_vae", "factor_vae"])
def test_batches_of_one_are_refused_where_terms_are_of_pairs(name):
    model = getattr(aejax.models, name)(12, latent=2, widths=(8,))
    x = RNG.random((8, 12)).astype(np.float32)
    one_line(
        lambda: aejax.fit(model, x, steps=1, batch_size=1, progress=False),
        "batch_size=1", name, "Allowed: 2 to 8",
    )  # fmt: skip


def test_spread_of_one_is_no_number():
    model = aejax.models.vae(12, latent=2, widths=(8,))
    x = jnp.asarray(RNG.random((4, 12)), jnp.float32)
    found = log_likelihood(model, model.init(KEY, x), x, KEY, samples=1)
    assert np.isnan(found.standard_error).all()
    assert np.isfinite(found.log_p).all()
    coded = Coded(*[np.eye(4)[[0, 0, 1, 2]], np.array([0, 0, 1, 2])] * 2)
    assert math.isnan(code_metrics(["retrieval"], coded)["mean_average_precision_error"]) == (
        len(retrieve(coded.test, coded.test_labels).average_precision) == 1
    )


# B2: shapes that do not broadcast.


@pytest.mark.parametrize("name", sorted(LIKELIHOODS))
def test_likelihoods_do_not_broadcast(name):
    likelihood = LIKELIHOODS[name]()
    n = likelihood.outputs
    out, x = jnp.zeros((4, 6 * n)), jnp.full((4, 6), 0.5)
    assert likelihood.nll(out, x).shape == (4,)
    for shape in ((1, 6), (4, 1), (6,), (), (4, 6, 1)):
        wrong = jnp.full(shape, 0.5)
        one_line(lambda wrong=wrong: likelihood.nll(out, wrong), f"{name!r}", "Allowed: x [B, ...")
    one_line(lambda: likelihood.nll(out[:1], x), "out (1,")


def test_scores_of_pairs_do_not_broadcast():
    codes, factors = RNG.normal(size=(60, 3)), RNG.integers(0, 3, (60, 2))
    held = (RNG.normal(size=(20, 3)), RNG.integers(0, 3, (20, 2)))
    one_line(lambda: mutual_information_gap(codes, factors[:1]), "factors", "Allowed: [60, F]")
    one_line(lambda: mutual_information_gap(codes[:, 0], factors), "codes have shape (60,)")
    for a, b in ((held[0][:1], held[1]), (held[0], held[1][:1]), (held[0][:, :2], held[1]),
                 (held[0], held[1][:, :1])):  # fmt: skip
        one_line(lambda a=a, b=b: dci(codes, factors, a, b, "forest"), "test_", "Allowed")
        one_line(lambda a=a, b=b: separated_attribute_predictability(codes, factors, a, b), "test_")
    labels = RNG.integers(0, 2, 60)
    one_line(lambda: retrieve(codes, labels[:, None]), "labels (60, 1)", "Allowed: labels [N]")


def test_codes_that_are_not_finite_have_no_score():
    codes, factors = RNG.normal(size=(60, 3)), RNG.integers(0, 3, (60, 2))
    codes[7, 1] = np.nan
    one_line(lambda: mutual_information_gap(codes, factors), "codes hold NaN or infinity in row 7")


# B13: continuous factors.


def test_continuous_factors_are_refused_where_they_are_counted():
    factors = RNG.normal(size=(500, 3))
    held = factors[:100]
    calls = (
        lambda: mutual_information_gap(factors, factors),
        lambda: dci(factors, factors, held, held),
        lambda: separated_attribute_predictability(factors, factors, held, held),
        lambda: dci(factors, factors > 0, held, held, "forest"),
    )
    for call in calls:
        one_line(call, "factors hold", "row 0, column 0", "Allowed: whole numbers", "discretise")
    factors = RNG.random((4000, 3))
    # 1, less what counting 20 x 20 cells finds between independent factors: 361 / 8000 nats.
    gap = mutual_information_gap(factors, discretise(factors, 20))
    np.testing.assert_allclose(gap, 1 - 361 / 8000 / np.log(20), atol=0.01)
    assert (separated_attribute_predictability(factors, factors) > 0.95).all()


# B14: outside the support.


def test_values_outside_the_support_are_no_likelihood():
    model = aejax.models.vae((4, 4, 1), latent=2, widths=(8,))
    x = jnp.asarray(RNG.integers(0, 256, (6, 4, 4, 1)), jnp.float32)
    variables = model.init(KEY, x / 255)
    for measure in (evaluate, per_example):
        call = lambda x=x, m=measure: m(model, variables, model.hparams, KEY, x)
        one_line(call, "255, outside the support [0, 1]", "Divide by 255")
        one_line(lambda m=measure: m(model, variables, model.hparams, KEY, x[..., 0] / 255),
                 "shape (6, 4, 4)", "Allowed: [N, 4, 4, 1]")  # fmt: skip
        m = lambda v, x, m=measure: m(model, v, model.hparams, KEY, x)["rec_nats"].sum()
        assert np.isfinite(jax.jit(m)(variables, x / 255))
        held = lambda v, m=m: m(v, x / 255)  # the table is no argument, but known while tracing
        assert np.isfinite(jax.jit(held)(variables))
    one_line(lambda: log_likelihood(model, variables, x, KEY, 2), "255, outside")
    one_line(lambda: log_likelihood(model, variables, x / 255 - jnp.nan, KEY, 2), "holds nan")


# N1.


@pytest.mark.parametrize("logvar", [-160.0, -100.0, -88.0, 0.0, 88.0])
def test_gaussian_learned_at_extreme_variances(logvar):
    x, mean = 1.0, 1.0 + np.exp(logvar / 2) * np.float64(1.5)
    out = jnp.asarray([[mean, logvar]], jnp.float32)
    difference = np.float64(np.float32(x)) - np.float64(np.float32(mean))
    exact = 0.5 * (np.log(2 * np.pi) + logvar + (difference * np.exp(-logvar / 2)) ** 2)
    got = gaussian_learned().nll(out, jnp.full((1, 1), x, jnp.float32))[0]
    assert float(got) == pytest.approx(exact, rel=1e-5)
    slope = jax.grad(lambda o: gaussian_learned().nll(o, jnp.full((1, 1), x, jnp.float32))[0])(out)
    assert np.isfinite(slope).all()
