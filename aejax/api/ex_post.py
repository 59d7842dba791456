"""Samplers after training: a density fitted to a model's codes, whatever its own prior is."""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from typing import Any

import jax
import numpy as np

from aejax import models
from aejax.api.applying import decode, encode
from aejax.api.batched import over_rows
from aejax.api.fitted import Fitted
from aejax.api.training import fit
from aejax.errors import ConfigError, check_integer, check_names, lookup
from aejax.types import Array, Autoencoder, Variables

Draw = Callable[[int, int], np.ndarray]  # (n, seed) -> codes [n, L] or examples [n, *shape]


def mixture(codes: np.ndarray, seed: int = 0, components: int = 10) -> Draw:
    """Gaussians of full covariance, by expectation-maximisation. Ghosh et al. 2020, section 4.

    Args:
      codes: [N, L].
      seed: of the first centres.
      components: one is the Gaussian with the codes' mean and covariance.

    Raises:
      ConfigError: fewer codes than two a component.
    """
    from sklearn.mixture import GaussianMixture

    components = check_integer("components", components, 1)
    if len(codes) < 2 * components:
        raise ConfigError(
            f"components={components!r} of {len(codes)} rows. Allowed: 1 to {len(codes) // 2}."
        )
    # Of a code that hardly varies the covariance is singular: one that is small beside the others.
    floor = 1e-4 * float(codes.var(0).mean()) + 1e-12
    found: Any = GaussianMixture(components, reg_covar=floor, random_state=seed).fit(codes)
    roots = np.linalg.cholesky(found.covariances_)

    def draw(n: int, seed: int) -> np.ndarray:
        random = np.random.default_rng(seed)
        which = random.choice(components, n, p=found.weights_)
        noise = random.normal(size=(n, codes.shape[1]))
        return found.means_[which] + np.einsum("nij,nj->ni", roots[which], noise)

    return draw


def two_stage(codes: np.ndarray, seed: int = 0, width: int = 256, steps: int = 2000) -> Draw:
    """A VAE of the codes, with a latent of their size. Dai & Wipf 2019, section 4.

    Its likelihood is a Gaussian of learned variance, and its noise is a part of the samples. The
    paper's codes are samples of q(z | x), these are its means.

    Args:
      codes: [N, L].
      seed: of its weights and batches.
      width: of its two hidden layers a side.
      steps: of its training, in batches of 128 codes.
    """
    centre, scale = codes.mean(0), np.maximum(codes.std(0), 1e-6)
    model = models.build(
        "vae", codes.shape[1:],
        {"latent": codes.shape[1], "widths": (width, width), "likelihood": "gaussian_learned"},
    )  # fmt: skip
    fitted = fit(
        model, ((codes - centre) / scale).astype(np.float32), steps=steps, seed=seed,
        batch_size=min(128, len(codes)), progress=False,
    )  # fmt: skip

    def draw(n: int, seed: int) -> np.ndarray:
        random = np.random.default_rng(seed)
        z = random.normal(size=(n, codes.shape[1]))
        keys = random.integers(0, 2**32, (n, 2), np.uint32)
        rows = {"z": z.astype(np.float32), "keys": keys}
        return over_rows(_noisy, model, fitted.variables, rows) * scale + centre

    return draw


def _noisy(model: Autoencoder, variables: Variables, rows: Any, key: Array) -> Array:
    """A draw of p(x | z) of each row, of its own key."""

    def one(row: Any) -> Array:
        out = model.decode(variables, row["z"][None])
        return model.info.likelihood.sample(jax.random.wrap_key_data(row["keys"]), out)[0]

    return jax.vmap(one)(rows)


DENSITIES: dict[str, Callable[..., Draw]] = {"mixture": mixture, "two_stage": two_stage}


def ex_post(
    fitted: Fitted, x: Any, density: str = "mixture", *, seed: int = 0, **setting: Any
) -> Draw:
    """Returns a sampler of examples: decoded codes from a density fitted to the codes of x.

    Args:
      fitted: from `fit`, `load` or a sweep; a model with a vector for a code, and no condition.
      x: training rows, as for `encode`.
      density: mixture (`components`) or two_stage (`width`, `steps`).
      seed: of the fit.
      setting: of the density.

    Returns:
      `draw(n, seed) -> [n, *shape]`, on the training rows' scale, as `decode` gives them.

    Raises:
      ConfigError: an unknown density or setting, rows as in `encode`, codes that `decode` does not
        take, or as the density.
    """
    make, seed = lookup("density", density, DENSITIES), check_integer("seed", seed, 0)
    check_names(f"setting of density {density!r}", setting, list(signature(make).parameters)[2:])
    codes = encode(fitted, x)
    decode(fitted, codes[:1])  # what cannot be decoded is said before anything is fitted
    draw = make(codes.astype(np.float64), seed, **setting)
    return lambda n, seed: decode(
        fitted, draw(check_integer("n", n, 1), check_integer("seed", seed, 0)).astype(np.float32)
    )
