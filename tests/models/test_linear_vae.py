"""The linear VAE against probabilistic PCA. Tipping & Bishop 1999; Lucas et al. 2019."""

import numpy as np
import pytest
from scipy.linalg import subspace_angles

import aejax
from aejax.models.variational.vae import vae
from tests.models import linear_gaussian as lg

LATENT, SIZE, ROWS = 2, 7, 300


def probabilistic_pca(x: np.ndarray, latent: int) -> tuple[float, float]:
    """The maximum's noise variance and mean log-likelihood. Tipping & Bishop 1999, eq. 4, 8."""
    values = np.linalg.eigvalsh(np.cov(x.T, bias=True))[::-1]
    noise = values[latent:].mean()
    size = x.shape[1]
    log_det = np.log(values[:latent]).sum() + (size - latent) * np.log(noise)
    return noise, -0.5 * (size * np.log(2 * np.pi) + log_det + size)


def bound(x: np.ndarray, params: dict, w: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The evidence lower bound of a linear VAE in closed form."""
    code = x @ np.float64(params["encoder"]["dense_0"]["kernel"])
    code = code + np.float64(params["encoder"]["dense_0"]["bias"])
    mean, logvar = code[:, : len(w)], code[:, len(w) :]
    missed = np.square(x - mean @ w - b).sum(1) + (np.exp(logvar) * np.square(w).sum(1)).sum(1)
    kl = 0.5 * (np.square(mean) + np.exp(logvar) - 1 - logvar).sum(1)
    return -0.5 * (missed + x.shape[1] * np.log(2 * np.pi)) - kl


def test_linear_vae_reaches_probabilistic_pcas_log_likelihood():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(ROWS, LATENT)) @ rng.normal(size=(LATENT, SIZE))
    x = x + rng.normal(size=(ROWS, SIZE)) + rng.normal(size=SIZE)
    x /= np.sqrt(probabilistic_pca(x, LATENT)[0])  # the likelihood's sigma = 1 is the right one
    noise, best = probabilistic_pca(x, LATENT)
    assert noise == pytest.approx(1.0)

    model = vae(SIZE, latent=LATENT, widths=(), likelihood="gaussian")
    fitted = aejax.fit(
        model, np.float32(x), steps=4000, batch_size=ROWS, hp={"lr": 0.02}, schedule="cosine"
    )
    params = fitted.variables["params"]
    w = np.float64(params["decoder"]["dense_0"]["kernel"])
    b = np.float64(params["decoder"]["dense_0"]["bias"])
    reached, lower = lg.log_p(x, w, b).mean(), bound(x, params, w, b).mean()
    print(f"PPCA {best:.4f}, log p {reached:.4f}, bound {lower:.4f} nats")
    assert lower <= reached + 1e-9
    assert reached <= best + 1e-9  # it is the maximum
    assert best - reached < 1e-3
    assert best - lower < 2e-3  # the posterior is exact at the optimum
    axes = np.linalg.eigh(np.cov(x.T))[1][:, -LATENT:]
    assert subspace_angles(w.T, axes).max() < 0.01
