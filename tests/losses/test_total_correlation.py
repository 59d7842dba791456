"""The divergence in three parts, where the aggregate posterior is exact: a data set enumerated."""

from itertools import combinations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from aejax.errors import ConfigError
from aejax.losses import gaussian_kl
from aejax.losses.total_correlation import decompose, decomposition_terms, stratified, weighted

N, DRAWS = 5, 20_000
RNG = np.random.default_rng(0)
MEAN = RNG.normal(size=(N, 2)) @ np.asarray([[1.0, 0.8], [0.0, 0.6]])
LOGVAR = RNG.normal(size=(N, 2)) * 0.5 - 1.0


def sampled(weighting: str, num_data: float) -> np.ndarray:
    """The parts, averaged over the data set, for many draws of all codes: [DRAWS, 3]."""
    mean, logvar = jnp.float32(MEAN), jnp.float32(LOGVAR)

    def one(key):
        z = mean + jnp.exp(0.5 * logvar) * jax.random.normal(key, mean.shape)
        return jnp.stack(decompose(z, mean, logvar, num_data, weighting)).mean(1)

    keys = jax.random.split(jax.random.key(0), DRAWS)
    return np.asarray(jax.jit(jax.vmap(one))(keys), np.float64)


def by_quadrature() -> np.ndarray:
    """(mutual information, total correlation, dimension-wise KL) of the mixture, on a grid."""
    axis = np.linspace(-8, 8, 801)
    cell = (axis[1] - axis[0]) ** 2
    scale = np.exp(0.5 * LOGVAR)
    marginal = np.stack([stats.norm.pdf(axis[:, None], MEAN[:, j], scale[:, j]) for j in (0, 1)])
    joint = np.einsum("an,bn->nab", marginal[0], marginal[1])
    q, one, two = joint.mean(0), marginal[0].mean(1), marginal[1].mean(1)
    log = lambda p: np.log(np.maximum(p, 1e-300))
    information = (joint * (log(joint) - log(q))).sum() * cell / N
    correlation = (q * (log(q) - log(np.outer(one, two)))).sum() * cell
    prior = log(stats.norm.pdf(axis))
    dimensions = sum((p * (log(p) - prior)).sum() for p in (one, two)) * (axis[1] - axis[0])
    return np.asarray([information, correlation, dimensions])


def test_the_parts_sum_to_the_kl():
    values = sampled("stratified", N)
    kl = float(gaussian_kl(jnp.float32(MEAN), jnp.float32(LOGVAR)).mean())
    total = values.sum(1)
    error = total.std() / np.sqrt(DRAWS)
    print(f"sum {total.mean():.4f}, KL {kl:.4f}, standard error {error:.4f}")
    assert abs(total.mean() - kl) < 3 * error
    assert by_quadrature().sum() == pytest.approx(kl, abs=1e-4)


def test_each_part_is_its_divergence():
    values, exact = sampled("stratified", N), by_quadrature()
    error = values.std(0) / np.sqrt(DRAWS)
    print("parts", values.mean(0).round(4), "by quadrature", exact.round(4))
    assert (np.abs(values.mean(0) - exact) < 3.5 * error).all()
    assert (exact > 10 * error).all()  # none of them is zero to begin with


def test_one_draws_parts_sum_to_its_log_ratio_exactly():
    z = jnp.float32(RNG.normal(size=(N, 2)))
    log_q = stats.norm.logpdf(z, MEAN, np.exp(0.5 * LOGVAR)).sum(1)
    log_p = stats.norm.logpdf(z).sum(1)
    for weighting in ("stratified", "weighted"):
        parts = decompose(z, jnp.float32(MEAN), jnp.float32(LOGVAR), 1000.0, weighting)
        np.testing.assert_allclose(sum(parts), log_q - log_p, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("batch", [2, 3, N])
def test_stratified_estimate_of_the_aggregate_is_unbiased(batch):
    """Its mean over all batches that hold the example is q(z) itself."""
    density = RNG.uniform(size=N)  # q(z | x_n) at some z, drawn from the posterior of example 0
    log_weights = np.asarray(stratified(batch, jnp.float32(N)), np.float64)
    estimates = [
        (np.exp(log_weights[0]) * density[[0, *others]]).sum()
        for others in combinations(range(1, N), batch - 1)
    ]
    assert np.mean(estimates) == pytest.approx(density.mean(), rel=1e-5)
    assert np.exp(log_weights).sum(1) == pytest.approx(1.0, rel=1e-5)


def test_weighted_has_the_gradients_of_the_batch_as_data_set():
    z = jnp.float32(RNG.normal(size=(N, 2)))
    slope = lambda weighting, count: jax.grad(
        lambda m: decompose(z, m, jnp.float32(LOGVAR), count, weighting).total_correlation.sum()
    )(jnp.float32(MEAN))
    np.testing.assert_allclose(slope("weighted", 1e4), slope("stratified", 0.0), atol=1e-5)
    assert np.exp(weighted(4, jnp.float32(10.0))) == pytest.approx(1 / 40)


def test_an_unknown_weighting_says_so():
    with pytest.raises(ConfigError, match=r"weighting='stratify' is unknown. Did you mean"):
        decomposition_terms("stratify")
