"""Logistic PCA against scipy on a small case, against logistic regression, and against PCA."""

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit

from aejax import data
from aejax.errors import ConfigError
from aejax.evaluate import baselines
from aejax.evaluate.logistic_pca import (
    LogisticPCA,
    fit_logistic_pca,
    logistic_pca_error,
    reconstruct_logistic_pca,
)

PENALTY = 0.05


def nats(logits, x):
    return (np.logaddexp(0, logits) - x * logits).sum(1)


def objective(z, w, b, x):
    norms = np.square(z).sum(1).mean() + np.square(w).sum()
    return nats(z @ w + b, x).mean() + 0.5 * PENALTY * norms


def binary(n=60, d=8, k=2):
    random = np.random.RandomState(0)
    logits = 1.5 * random.normal(size=(n, k)) @ random.normal(size=(k, d))
    return (random.uniform(size=(n, d)) < expit(logits)).astype(np.float32)


def codes_by_scipy(w, b, x, penalty):
    """Each row's convex problem on its own, in double precision."""
    fn = lambda z, row: nats(z[None] @ w + b, row[None])[0] + 0.5 * penalty * z @ z
    return np.stack([minimize(fn, np.zeros(len(w)), (row,), "BFGS").x for row in x])


def test_the_optimum_of_a_small_case_is_scipys():
    """The best of many starts of an optimiser that knows nothing of ours."""
    x, (n, d, k) = binary(), (60, 8, 2)

    def flat(v):
        return objective(v[: n * k].reshape(n, k), v[n * k : -d].reshape(k, d), v[-d:], x)

    def slope(v):
        z, w, b = v[: n * k].reshape(n, k), v[n * k : -d].reshape(k, d), v[-d:]
        out = (expit(z @ w + b) - x) / n
        return np.concatenate(
            [(out @ w.T + PENALTY * z / n).ravel(), (z.T @ out + PENALTY * w).ravel(), out.sum(0)]
        )

    best = min(
        minimize(flat, np.random.RandomState(s).normal(size=n * k + k * d + d), jac=slope).fun
        for s in range(8)
    )
    fitted = fit_logistic_pca(x, k, 500, PENALTY, 0.0)
    z = codes_by_scipy(fitted.components, fitted.bias, x, PENALTY)
    assert objective(z, fitted.components, fitted.bias, x) < best * (1 + 1e-3)


def test_codes_of_new_rows_are_each_rows_own_optimum():
    random = np.random.RandomState(1)
    fitted = LogisticPCA(
        random.normal(size=(3, 8)).astype(np.float32), random.normal(size=8).astype(np.float32)
    )
    x = binary()[:10]
    ours = reconstruct_logistic_pca(fitted, x, 300, PENALTY, 0.0)
    z = codes_by_scipy(fitted.components, fitted.bias, x, PENALTY)
    np.testing.assert_allclose(ours, expit(z @ fitted.components + fitted.bias), atol=2e-3)


def test_no_components_to_speak_of_leave_the_mean():
    x = binary()
    fitted = fit_logistic_pca(x, 1, 300, penalty=100.0)
    np.testing.assert_allclose(expit(fitted.bias), x.mean(0), atol=1e-2)


def test_it_beats_pca_on_digits():
    """As in the paper, where 8.01 stands beside 13.87."""
    digits = data.load("digits")
    error = logistic_pca_error(digits.train, digits.test, 8)
    assert error < 0.95 * baselines(digits.train, digits.test, 8)["mse_pca"]


@pytest.mark.parametrize("size", [0, 9])
def test_bad_size(size):
    with pytest.raises(ConfigError, match="Allowed: 1 to 8"):
        fit_logistic_pca(binary(), size)
