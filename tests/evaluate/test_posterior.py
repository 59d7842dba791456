"""Units in use, nats by dimension, information: closed forms of a linear-Gaussian model."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import integrate, stats

from aejax import models
from aejax.data.batches import rows_over
from aejax.errors import ConfigError
from aejax.evaluate import evaluate
from aejax.evaluate.posterior import (
    active_units,
    code_variance,
    information,
    kl_per_dimension,
)
from tests.models import linear_gaussian as lg

SIZE, LATENT = 6, 3
MODEL = models.vae(SIZE, latent=LATENT, widths=(), likelihood="gaussian")


def encoder(gain: np.ndarray, bias: np.ndarray, logvar: np.ndarray) -> dict:
    """A linear posterior: mean = x gain + bias, fixed variances."""
    kernel = np.concatenate([gain, np.zeros_like(gain)], axis=1)
    dense = lambda k, c: {"dense_0": {"kernel": jnp.float32(k), "bias": jnp.float32(c)}}
    decoder = dense(np.zeros((gain.shape[1], gain.shape[0])), np.zeros(gain.shape[0]))
    bias = np.concatenate([bias, logvar])
    return {"params": {"encoder": dense(kernel, bias), "decoder": decoder}, "extra": {}}


def planted(spread: np.ndarray, n: int, seed: int = 0) -> np.ndarray:
    return (np.random.default_rng(seed).normal(size=(n, SIZE)) * spread).astype(np.float32)


@pytest.mark.parametrize("batch_size", [7, 100, 1000])
def test_active_units_of_a_planted_encoder(batch_size):
    """Standard deviations .5, .11, .05 and a far mean: two of three are over .01."""
    gain = np.zeros((SIZE, LATENT))
    gain[[0, 1, 2], [0, 1, 2]] = 0.5, 0.11, 0.05
    variables = encoder(gain, np.asarray([0.0, 300.0, 0.0]), np.zeros(LATENT))
    x = jnp.asarray(planted(np.ones(SIZE), 1003))
    found = code_variance(MODEL, variables, x, batch_size)
    expected = np.var(np.float64(x) @ gain, axis=0)
    np.testing.assert_allclose(found, expected, rtol=2e-3)
    assert int(active_units(MODEL, variables, x, batch_size=batch_size)) == 2
    assert int(active_units(MODEL, variables, x, threshold=1e-4, batch_size=batch_size)) == 3
    assert int(active_units(MODEL, variables, x, threshold=1.0, batch_size=batch_size)) == 0


def test_a_collapsed_posterior_has_no_unit_in_use_and_rows_say_so():
    x = jnp.asarray(planted(np.ones(SIZE), 53))
    gain = np.zeros((SIZE, LATENT))
    gain[0, 0] = 0.5
    hp = {name: jnp.float32(v) for name, v in MODEL.hparams.items()}
    for g, count in ((0 * gain, 0), (gain, 1)):
        variables = encoder(g, np.zeros(LATENT), np.zeros(LATENT))
        assert int(active_units(MODEL, variables, x)) == count
        found = evaluate(MODEL, variables, hp, jax.random.key(0), x, batch_size=10)
        assert float(found["posterior_active_units"]) == count


@pytest.mark.parametrize("batch_size", [10, 53])
def test_nats_by_dimension_against_quadrature(batch_size):
    gain = np.random.default_rng(1).normal(size=(SIZE, LATENT))
    bias, logvar = np.asarray([0.3, -1.0, 0.0]), np.asarray([-2.0, 0.5, -0.1])
    x = planted(np.ones(SIZE), 53)
    found = kl_per_dimension(MODEL, encoder(gain, bias, logvar), jnp.asarray(x), batch_size)
    means, scale = x @ gain + bias, np.exp(logvar / 2)

    def kl(mean: float, s: float) -> float:
        q = stats.norm(mean, s)
        inside = lambda z: q.pdf(z) * (q.logpdf(z) - stats.norm.logpdf(z))
        return integrate.quad(inside, mean - 12 * s, mean + 12 * s, limit=200)[0]

    expected = [np.mean([kl(m, scale[j]) for m in means[:, j]]) for j in range(LATENT)]
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_information_reaches_the_closed_form_of_a_linear_gaussian_channel():
    """z = g x + s e with x normal: I = 1/2 log(1 + g^2 / s^2), q(z) = N(b, g^2 + s^2)."""
    model = models.vae(2, latent=2, widths=(), likelihood="gaussian")
    gain, s, bias = np.asarray([0.9, 0.5]), np.asarray([0.3, 0.6]), np.asarray([0.4, 0.0])
    variables = encoder(np.diag(gain), bias, 2 * np.log(s))
    x = np.random.default_rng(0).normal(size=(4000, 2)).astype(np.float32)
    found = jax.jit(lambda v, x: information(model, v, x, jax.random.key(3)))(variables, x)
    mi = 0.5 * np.log1p(gain**2 / s**2).sum()
    total = gain**2 + s**2
    kl = 0.5 * (total + bias**2 - 1 - np.log(total)).sum()
    # Of a finite table: the plug-in bias is of order (modes covered) / N, under .02 here.
    print(found, mi, kl)
    assert abs(found.mutual_information_nats - mi) < 3 * found.mutual_information_error + 0.02
    assert abs(found.aggregate_kl_nats - kl) < 3 * found.aggregate_kl_error + 0.03
    exact = float(kl_per_dimension(model, variables, jnp.asarray(x)).sum())
    assert abs(found.kl_nats - exact) < 0.06


def test_information_of_few_rows_against_quadrature():
    """Of the table itself both are unbiased: a mixture of five Gaussians, integrated."""
    model = models.vae(1, latent=1, widths=(), likelihood="gaussian")
    x = np.asarray([[-2.0], [-1.9], [0.0], [0.4], [3.0]], np.float32)
    variables = encoder(np.ones((1, 1)), np.zeros(1), np.asarray([2 * np.log(0.5)]))
    q = lambda z: np.mean([stats.norm(m, 0.5).pdf(z) for m in x[:, 0]], axis=0)
    grid = np.linspace(-8, 9, 20_001)
    step, density = grid[1] - grid[0], q(grid)
    entropy = -np.sum(density * np.log(density)) * step
    mi = entropy - 0.5 * np.log(2 * np.pi * np.e * 0.25)
    kl = np.sum(density * (np.log(density) - stats.norm.logpdf(grid))) * step
    found = information(model, variables, jnp.asarray(x), jax.random.key(0), draws=20_000)
    assert float(found.mutual_information_nats) == pytest.approx(mi, abs=0.01)
    assert float(found.aggregate_kl_nats) == pytest.approx(kl, abs=0.02)


def test_information_at_its_ends():
    """Nothing for a posterior that is the prior; log N for one that names the row."""
    x = jnp.asarray(planted(np.ones(SIZE), 101))
    none = encoder(np.zeros((SIZE, LATENT)), np.zeros(LATENT), np.zeros(LATENT))
    found = information(MODEL, none, x, jax.random.key(0), batch_size=10)
    assert abs(float(found.mutual_information_nats)) < 1e-5
    assert abs(float(found.aggregate_kl_nats)) < 1e-5
    sharp = encoder(np.eye(SIZE, LATENT), np.zeros(LATENT), np.full(LATENT, -16.0))
    found = information(MODEL, sharp, x, jax.random.key(0), batch_size=10)
    assert float(found.mutual_information_nats) == pytest.approx(np.log(101), abs=1e-4)
    assert float(found.limit_nats) == pytest.approx(np.log(101))


def test_members_at_once_and_batches_change_nothing():
    w, b = lg.loading(0, LATENT, SIZE)
    members = [lg.variables(w, b, shrink, 0.0) for shrink in (1.0, 0.5)]
    stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *members)
    x, key = jnp.asarray(lg.draw(1, 31, w, b), jnp.float32), jax.random.key(2)
    both = jax.vmap(lambda v: information(MODEL, v, x, key, batch_size=8))(stacked)
    for i, member in enumerate(members):
        one = information(MODEL, member, x, key, batch_size=31)
        for a, c in zip(both, one, strict=True):
            np.testing.assert_allclose(a[i], c, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("batch_size", [1, 10, 53])
def test_rows_over_keeps_rows_and_order(batch_size):
    rows = np.random.default_rng(0).integers(0, 256, (53, 6), dtype=np.uint8)
    values = lambda x, key: {"x": 2 * x, "s": x.sum(1)}
    found = rows_over(values, jnp.asarray(rows), jax.random.key(0), batch_size)
    np.testing.assert_allclose(found["x"], rows / 127.5, rtol=1e-6)
    np.testing.assert_allclose(found["s"], rows.sum(1) / 255, rtol=1e-5)


def test_information_under_another_prior_against_quadrature():
    """Student's t with five degrees of freedom, and not the normal that it was taken for."""
    model = models.student_vae(1, latent=1, widths=(), likelihood="gaussian")
    x = np.asarray([[-2.0], [-1.9], [0.0], [0.4], [3.0]], np.float32)
    variables = encoder(np.ones((1, 1)), np.zeros(1), np.asarray([2 * np.log(0.5)]))
    variables = variables | {"extra": {"dof": jnp.float32(5.0)}}
    q = lambda z: np.mean([stats.norm(m, 0.5).pdf(z) for m in x[:, 0]], axis=0)
    grid = np.linspace(-8, 9, 20_001)
    density = q(grid)
    kl = np.sum(density * (np.log(density) - stats.t(5).logpdf(grid))) * (grid[1] - grid[0])
    found = information(model, variables, jnp.asarray(x), jax.random.key(0), draws=20_000)
    assert float(found.aggregate_kl_nats) == pytest.approx(kl, abs=0.02)


@pytest.mark.parametrize(
    ("model", "by_dimension", "as_a_whole"),
    [
        (models.undercomplete(4, latent=2, widths=()), "no posterior variance", "no posterior"),
        (models.student_vae(4, latent=2, widths=()), "a prior of its own", None),
        (models.mixture_vae(4, latent=2, widths=()), "a prior of its own", None),
        (models.planar_vae(4, latent=2, widths=()), "not all of its posterior", "not all of its"),
        (models.skew_vae(4, latent=2, widths=()), "no posterior variance", "no posterior"),
        (models.iwae_deep(4, latent=2, widths=(4,)), "not all of its", "not all of its"),
    ],
    ids=lambda value: value.info.name if hasattr(value, "info") else None,
)
def test_what_is_no_gaussian_posterior_or_no_standard_prior_says_so(
    model, by_dimension, as_a_whole
):
    x = jnp.ones((3, 4))
    variables = model.init(jax.random.key(0), x[:1])
    with pytest.raises(ConfigError, match=by_dimension):
        kl_per_dimension(model, variables, x)
    if as_a_whole is None:
        assert np.isfinite(information(model, variables, x, jax.random.key(0)).kl_nats)
        return
    with pytest.raises(ConfigError, match=as_a_whole):
        information(model, variables, x, jax.random.key(0))


def test_members_at_once_in_sums_over_rows():
    gain = np.random.default_rng(1).normal(size=(SIZE, LATENT))
    members = [encoder(g * gain, np.zeros(LATENT), np.full(LATENT, -1.0)) for g in (0.02, 1.0)]
    stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *members)
    x = jnp.asarray(planted(np.ones(SIZE), 53))
    for metric in (kl_per_dimension, code_variance, active_units):
        both = jax.jit(jax.vmap(lambda v, metric=metric: metric(MODEL, v, x, batch_size=10)))
        for i, member in enumerate(members):
            alone = metric(MODEL, member, x, batch_size=53)
            np.testing.assert_allclose(both(stacked)[i], alone, rtol=1e-4, atol=1e-6)
