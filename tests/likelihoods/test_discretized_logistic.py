"""The discretised logistic: exact masses of 256 bins, whatever the mean and the scale."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

import aejax
from aejax.likelihoods.pixels import LIKELIHOODS

P_X = LIKELIHOODS["discretized_logistic"]()
LEVELS = np.arange(256) / 255.0
# Means inside, at and far outside the range; scales from a small part of a bin to many ranges.
CASES = [(m, s) for m in (-3.0, 0.0, 0.2, 0.5037, 1.0, 5.0) for s in (-12.0, -7.0, -3.0, 0.0, 4.0)]


def log_masses(mean: float, log_scale: float) -> np.ndarray:
    x = jnp.asarray(LEVELS, jnp.float32)[:, None]
    out = jnp.tile(jnp.asarray([[mean, log_scale]], jnp.float32), (256, 1))
    return -np.asarray(P_X.nll(out, x), np.float64)


@pytest.mark.parametrize(("mean", "log_scale"), CASES)
def test_masses_sum_to_one_over_the_256_levels(mean, log_scale):
    assert np.exp(log_masses(mean, log_scale)).sum() == pytest.approx(1.0, abs=2e-4)


@pytest.mark.parametrize(
    ("mean", "log_scale"), [(0.5, -3.0), (0.2, -1.0), (-0.1, 0.0), (1.3, -2.0)]
)
def test_masses_are_the_bins_of_scipys_distribution(mean, log_scale):
    edges = np.concatenate([[-np.inf], (np.arange(255) + 0.5) / 255, [np.inf]])
    known = stats.logistic(loc=mean, scale=np.exp(log_scale))
    # The smaller of the two tails of each bin, where scipy keeps its digits.
    mass = np.where(edges[1:] < mean, np.diff(known.cdf(edges)), -np.diff(known.sf(edges)))
    np.testing.assert_allclose(log_masses(mean, log_scale), np.log(mass), rtol=1e-4, atol=1e-4)


def test_tails_stay_finite_and_steer_the_mean():
    x, out = jnp.zeros((1, 1)), jnp.asarray([[60.0, -3.0]])
    value, slope = jax.value_and_grad(lambda o: P_X.nll(o, x)[0])(out)
    # Far out, -log F(b) = -b: 60 / e^-3 minus half a bin.
    assert float(value) == pytest.approx((60 - 0.5 / 255) * np.exp(3), rel=1e-5)
    assert np.isfinite(slope).all()
    assert float(slope[0, 0]) == pytest.approx(np.exp(3), rel=1e-4)


def test_samples_are_levels_with_the_masses():
    out = jnp.tile(jnp.asarray([[0.1, -2.5]], jnp.float32), (40_000, 1))
    drawn = np.asarray(P_X.sample(jax.random.key(0), out))
    counts = np.bincount(np.rint(drawn[:, 0] * 255).astype(int), minlength=256)
    np.testing.assert_allclose(drawn[:, 0] * 255, np.rint(drawn[:, 0] * 255), atol=1e-4)
    mass = np.exp(log_masses(0.1, -2.5))
    keep = mass * 40_000 > 5
    error = np.sqrt(40_000 * mass * (1 - mass))
    assert (np.abs(counts - 40_000 * mass) / error)[keep].max() < 4.5
    assert mass[0] > 0.2  # the edge bin takes the whole tail


def test_a_vae_trains_with_it():
    """Bits per dimension fall below the eight of a uniform guess."""
    x = np.tile(np.linspace(0.2, 0.8, 12, dtype=np.float32), (64, 1))
    x += 0.02 * np.random.default_rng(0).normal(size=x.shape).astype(np.float32)
    model = aejax.models.vae(12, latent=2, widths=(16,), likelihood="discretized_logistic")
    fitted = aejax.fit(model, x, steps=400, batch_size=64, hp={"lr": 1e-2})
    bits = fitted.history["rec_nats"] / 12 / np.log(2)
    assert bits[0] > 8
    assert bits[-1] < 5
    assert fitted.diverged is None
