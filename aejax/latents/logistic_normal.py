"""Proportions of topics: a logistic normal in place of a Dirichlet, with a batch norm."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Float

from aejax.errors import ConfigError
from aejax.hparams import FRACTION, POSITIVE, HParam
from aejax.latents.deterministic import check_latent
from aejax.latents.gaussian import normal_log_density
from aejax.latents.moving_average import moving_mean, moving_rate
from aejax.losses.divergences import gaussian_kl_between
from aejax.types import (
    AnyArray,
    Array,
    Forward,
    Hparams,
    Latent,
    LatentSpace,
    PyTree,
    Term,
    Variables,
)

EPSILON = 1e-3  # of batch norm, as in the published code
EVALUATION = 2**30  # the step that evaluation tells a loss: no training gets there


def laplace_of_dirichlet(
    alpha: Float[AnyArray, " K"],
) -> tuple[Float[Array, " K"], Float[Array, " K"]]:
    """The normal whose softmax approximates Dirichlet(alpha), by Laplace in the softmax basis.

    Equation: mean_k = log a_k - 1/K sum_i log a_i and
    var_k = (1 / a_k) (1 - 2/K) + 1/K^2 sum_i 1 / a_i. MacKay 1998; Srivastava & Sutton 2017,
    the section on the Laplace approximation.

    Args:
      alpha: [K], above 0.

    Returns:
      mean [K] and the diagonal of the covariance [K]; a symmetric alpha = a has mean 0 and
      variance (1 - 1/K) / a.
    """
    alpha = jnp.asarray(alpha)
    topics = alpha.shape[0]
    logs = jnp.log(alpha)
    mean = logs - jnp.mean(logs)[None]
    var = (1 - 2 / topics) / alpha + (jnp.sum(1 / alpha) / topics**2)[None]
    return mean, var


def _prior(variables: Variables, size: int) -> tuple[Array, Array]:
    """Returns mean and log-variance [K] of the symmetric prior."""
    mean, var = laplace_of_dirichlet(jnp.full(size, variables["extra"]["alpha"], jnp.float32))
    return mean, jnp.log(var)


def logistic_normal(size: int, alpha: float = 1.0, decay: float = 0.99) -> LatentSpace:
    """z ~ N(mean, diag exp(logvar)), theta = softmax(z); the prior approximates a Dirichlet.

    The code is z, whose softmax is the proportions of topics. The encoder's means and log-variances
    are batch-normed with a shift and no scale, against posteriors that collapse onto the prior.
    Srivastava & Sutton 2017. In training the batch's moments are taken, everywhere else (codes,
    bounds, samples) their moving averages, so that no row's numbers depend on its neighbours.
    `extra` holds the moments of theta, too, by which a decoder that is linear in theta can be
    normed.

    Args:
      size: K, topics.
      alpha: of the symmetric Dirichlet; default of the hyper-parameter `alpha`.
      decay: of the moving averages; default of `moments_decay`.

    Raises:
      ConfigError: fewer than two topics, whose proportions would be constant.
    """
    if check_latent(size) < 2:
        raise ConfigError(f"latent={size!r} is out of range. Allowed: 2 topics or more.")

    def apply(variables: Variables, h: Array, key: Array | None) -> Latent:
        extra = variables["extra"]
        batch = jnp.mean(h, 0), jnp.var(h, 0)
        kept = extra["in_mean"], extra["in_var"]
        mean, var = (choose(extra, a, b)[None, :] for a, b in zip(batch, kept, strict=True))
        normed = (h - mean) / jnp.sqrt(var + EPSILON) + variables["params"]["latent"]["shift"][None]
        mean, logvar = jnp.split(normed, 2, axis=-1)
        aux = {"in_mean": batch[0], "in_var": batch[1]}
        if key is None:
            return Latent(z=mean, mean=mean, logvar=logvar, aux=aux)
        noise = jax.random.normal(key, mean.shape, mean.dtype)
        return Latent(mean + jnp.exp(0.5 * logvar) * noise, mean, logvar, aux=aux)

    def prepare(extra: PyTree, hp: Hparams, step: Array) -> PyTree:
        training = jnp.float32(step < EVALUATION)
        told = {"alpha": hp["alpha"], "decay": hp["moments_decay"], "training": training}
        return {**extra, **told}

    def update(extra: PyTree, forward: Forward) -> PyTree:
        seen, z = jax.lax.stop_gradient((forward.latent.aux, forward.latent.z))
        mean, covariance = moments_of(jax.nn.softmax(z))
        moved = mean - extra["theta_mean"]
        # Of a mixture, about its mean: see `ex_post`.
        between = (1.0 - moving_rate(extra)) * jnp.outer(moved, moved)
        seen = {**seen, "theta_mean": mean, "theta_covariance": covariance + between}
        return {**moving_mean(extra, seen), "training": jnp.float32(0)}

    def prior(variables: Variables, key: Array, n: int) -> Array:
        mean, logvar = _prior(variables, size)
        noise = jax.random.normal(key, (n, size), jnp.float32)
        return mean[None] + jnp.exp(0.5 * logvar)[None] * noise

    def log_prior(variables: Variables, z: Array) -> Array:
        mean, logvar = _prior(variables, size)
        return normal_log_density(z, mean[None], logvar[None])

    return LatentSpace(
        size=size,
        outputs=2 * size,
        apply=apply,
        prior=prior,
        init=lambda key: {
            "params": {"shift": jnp.zeros(2 * size, jnp.float32)},
            "extra": {
                "alpha": jnp.float32(alpha),
                "training": jnp.float32(0),
                "in_mean": jnp.zeros(2 * size, jnp.float32),
                "in_var": jnp.ones(2 * size, jnp.float32),
                "theta_mean": jnp.full(size, 1 / size, jnp.float32),
                "theta_covariance": jnp.eye(size, dtype=jnp.float32) / size,
                "decay": jnp.float32(decay),
                "count": jnp.float32(0),
            },
        },
        prepare=prepare,
        update=update,
        hparams=(
            HParam("alpha", alpha, POSITIVE, "alpha", "of the symmetric Dirichlet prior"),
            HParam("moments_decay", decay, FRACTION, meaning="decay of the batch norm's moments"),
        ),
        log_prior=log_prior,
        log_posterior=lambda latent, z: normal_log_density(z, latent.mean, latent.logvar),
    )


def choose(extra: PyTree, batch: Array, kept: Array) -> Array:
    """Returns a batch's moments in training, and the kept ones everywhere else."""
    return jnp.where(extra["training"] > 0, batch, kept)


def moments_of(theta: Array) -> tuple[Array, Array]:
    """Returns mean [K] and covariance [K, K] of proportions [B, K]."""
    mean = jnp.mean(theta, 0)
    centred = theta - mean[None]
    return mean, centred.T @ centred / theta.shape[0]


def logistic_normal_kl_term() -> Term:
    """KL(q(z | x) || the prior's normal) in nats, [B]. Srivastava & Sutton 2017.

    Between normals: the softmax is the same on both sides, and drops out.
    """

    def term(forward: Forward, hp: Hparams) -> Array:
        latent = forward.latent
        mean, logvar = _prior(forward.variables, latent.mean.shape[1])
        assert latent.logvar is not None
        return gaussian_kl_between(latent.mean, latent.logvar, mean[None], logvar[None])

    return term
