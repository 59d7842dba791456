"""What a variational posterior keeps: nats by dimension, units in use, information, q(z) and p(z).

With q(z) = 1/N sum_n q(z | x_n) over the N rows of a table,

    mean KL(q(z|x) || p(z)) = I(x; z) + KL(q(z) || p(z))

(Hoffman & Johnson 2016). Both parts on the right are estimated from one draw a row against all rows
of the table; a minibatch never stands in for it.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

from aejax.data.batches import moments_of, parts_over, rows_over, total_over, variance_of
from aejax.errors import ConfigError
from aejax.keys import stream
from aejax.latents.gaussian import normal_log_density, standard_log_prior
from aejax.losses.divergences import gaussian_kl_per_dim
from aejax.types import Array, Autoencoder, PyTree, Variables

THRESHOLD = 0.01  # Burda et al. 2015, section 5.2


def _moments(model: Autoencoder, variables: Variables, x: Array) -> tuple[Array, Array]:
    latent = model.encode(variables, x)
    # `aux` is there where mean and variance are not all of q(z|x): flows, skewness, two layers.
    if latent.logvar is None or latent.aux is not None:
        raise ConfigError(
            f"model {model.info.name!r} has no posterior variance, or one that is not all of its "
            "posterior. Allowed: a diagonal Gaussian, such as that of 'vae'."
        )
    return latent.mean, latent.logvar


def kl_per_dimension(
    model: Autoencoder, variables: Variables, table: Array, batch_size: int = 500
) -> Array:
    """The mean over rows of KL(q(z_l | x) || N(0, 1)) by dimension, [L] in nats.

    Args:
      model: one whose posterior is a diagonal Gaussian.
      variables: of one member; vmap over members.
      table: [N, *shape], uint8 or float.
      batch_size: rows at a time; changes nothing but memory.

    Raises:
      ConfigError: another posterior, or another prior than N(0, I).
    """

    def values(x: Array, key: Array) -> dict[str, Array]:
        moments, space = _moments(model, variables, x), model.info.space
        if space is None or space.log_prior is not standard_log_prior:
            raise ConfigError(
                f"model {model.info.name!r} has a prior of its own, whose divergence is no sum "
                "over dimensions. Allowed: a prior N(0, I); `information` takes any with a density."
            )
        return {"sum": gaussian_kl_per_dim(*moments).sum(0)}

    sums = total_over(values, table, jax.random.key(0), batch_size)
    return sums["sum"] / table.shape[0]


def code_variance(
    model: Autoencoder, variables: Variables, table: Array, batch_size: int = 500
) -> Array:
    """Var_x(E_q[z_l | x]) by dimension, [L]: Burda et al. 2015, section 5.2, the statistic A_u.

    A mean far from zero takes no digits from the variance.
    """
    of = lambda x, key: code_moments(model, variables, x)
    return variance_of(parts_over(of, table, jax.random.key(0), batch_size))


def active_units(
    model: Autoencoder,
    variables: Variables,
    table: Array,
    threshold: float = THRESHOLD,
    batch_size: int = 500,
) -> Array:
    """The number of units with Var_x(E_q[z|x]) above a threshold. Burda et al. 2015, section 5.2.

    Args:
      threshold: the paper's .01; its units are either far above or far below it.
      Others: as in `kl_per_dimension`.

    Returns:
      A scalar, int32.
    """
    return jnp.sum(code_variance(model, variables, table, batch_size) > threshold)


def code_moments(model: Autoencoder, variables: Variables, x: Array) -> PyTree:
    """Returns `moments_of` the posterior's means of a batch, for `units_in_use`."""
    return moments_of(model.encode(variables, x).mean)


def units_in_use(parts: PyTree) -> dict[str, Array]:
    """Returns `posterior_active_units` of `code_moments` by batch: `active_units` in one pass."""
    used = variance_of(parts) > THRESHOLD
    return {"posterior_active_units": jnp.sum(used.astype(jnp.float32))}


class Information(NamedTuple):
    """I(x; z) and KL(q(z) || p(z)) in nats, with the standard error over the rows' draws.

    The errors are of the draws alone: that q(z) is of these N rows is part of the definition.
    """

    mutual_information_nats: Array
    mutual_information_error: Array
    aggregate_kl_nats: Array
    aggregate_kl_error: Array
    kl_nats: Array  # the sum of the two, by the same draws
    limit_nats: Array  # log N: no mutual information over N rows can be greater


def information(
    model: Autoencoder,
    variables: Variables,
    table: Array,
    key: Array,
    batch_size: int = 200,
    draws: int = 1,
) -> Information:
    """I_q(x; z) and KL(q(z) || p(z)) of the aggregate posterior over a table.

    Equation: z ~ q(z | x_n), n over all rows; mean of log q(z|x_n) - log q(z) and of
    log q(z) - log p(z), with q(z) the mean of all N posteriors, z's own among them.

    For the table itself both estimates are unbiased. For the population that the table was drawn
    from they are not: I is at most log N and too small where it comes near, and the aggregate KL
    too large by as much (Hoffman & Johnson 2016). `limit_nats` is there to be looked at.

    Args:
      model: one whose posterior is a diagonal Gaussian, with any prior that has a density.
      variables: of one member; vmap over members.
      table: [N, *shape]; the work is N^2 L.
      key: of the draws.
      batch_size: draws compared with the whole table at once.
      draws: of each row's posterior.

    Raises:
      ConfigError: another posterior, or a prior without a density.
    """
    space = model.info.space
    if space is None or space.log_prior is None:
        raise ConfigError(
            f"model {model.info.name!r} has no posterior variance or no prior density. "
            "Allowed: models such as 'vae' and 'mixture_vae'."
        )
    log_prior = space.log_prior
    mean, logvar = rows_over(lambda x, _: _moments(model, variables, x), table, key, batch_size)
    n, size = mean.shape
    key = stream(key, "information")

    def one(row: Array, draw: Array) -> tuple[Array, Array]:
        noise = jax.random.normal(jax.random.fold_in(jax.random.fold_in(key, row), draw), (size,))
        z = mean[row] + jnp.exp(0.5 * logvar[row]) * noise
        log_q_given = normal_log_density(z[None], mean, logvar)  # [N]
        log_q = jax.nn.logsumexp(log_q_given) - jnp.log(jnp.float32(n))
        return log_q_given[row] - log_q, log_q - log_prior(variables, z[None])[0]

    def of_row(row: Array) -> tuple[Array, Array]:
        mi, kl = jax.vmap(lambda draw: one(row, draw))(jnp.arange(draws))
        return mi.mean(), kl.mean()

    mi, kl = jax.lax.map(of_row, jnp.arange(n), batch_size=min(batch_size, n))
    error = lambda v: jnp.std(v) / jnp.sqrt(jnp.float32(n - 1)) if n > 1 else jnp.float32(jnp.nan)
    return Information(
        mutual_information_nats=mi.mean(),
        mutual_information_error=error(mi),
        aggregate_kl_nats=kl.mean(),
        aggregate_kl_error=error(kl),
        kl_nats=mi.mean() + kl.mean(),
        limit_nats=jnp.log(jnp.float32(n)),
    )
