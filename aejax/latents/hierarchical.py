"""Two stochastic layers: p(z2) p(z1 | z2) p(x | z1), and q(z1 | x) q(z2 | z1)."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from aejax.keys import stream
from aejax.latents.deterministic import check_latent
from aejax.latents.gaussian import normal_log_density, standard_log_density
from aejax.nets import mlp
from aejax.types import Array, Latent, LatentSpace, Variables


def two_layers(lower: int, upper: int, widths: tuple[int, ...], activation: str) -> LatentSpace:
    """Burda, Grosse & Salakhutdinov 2015, section 5: every conditional a diagonal Gaussian.

    A code is one array [B, lower + upper], z1 before z2; the decoder reads z1 alone. The networks
    between the layers, q(z2 | z1) and p(z1 | z2), are parameters of the latent space.

    q(z | x) as a density of z is a product of which the second factor depends on z1:
    `log_posterior` holds at the sample of `latent` and nowhere else (`Latent.aux` says so). The
    deterministic code has z1's mean, and z2's mean given that.

    Args:
      lower: size of z1.
      upper: size of z2.
      widths: hidden widths of q(z2 | z1); those of p(z1 | z2) mirror them.
      activation: of the hidden layers.
    """
    lower, upper = check_latent(lower), check_latent(upper)
    up = mlp(widths, (2 * upper,), activation=activation)
    down = mlp(tuple(reversed(widths)), (2 * lower,), activation=activation)

    def init(key: Array) -> Variables:
        params = {
            "up": up.init(stream(key, "up"), jnp.zeros((1, lower), jnp.float32)),
            "down": down.init(stream(key, "down"), jnp.zeros((1, upper), jnp.float32)),
        }
        return {"params": params, "extra": {}}

    def drawn(mean: Array, logvar: Array, key: Array | None, name: str) -> Array:
        if key is None:
            return mean
        noise = jax.random.normal(stream(key, name), mean.shape, mean.dtype)
        return mean + jnp.exp(0.5 * logvar) * noise

    def above(variables: Variables, z1: Array) -> tuple[Array, Array]:
        mean, logvar = jnp.split(up.apply(variables["params"]["latent"]["up"], z1), 2, axis=-1)
        return mean, logvar

    def below(variables: Variables, z2: Array) -> tuple[Array, Array]:
        mean, logvar = jnp.split(down.apply(variables["params"]["latent"]["down"], z2), 2, axis=-1)
        return mean, logvar

    def apply(variables: Variables, h: Any, key: Array | None) -> Latent:
        mean1, logvar1 = jnp.split(h, 2, axis=-1)
        z1 = drawn(mean1, logvar1, key, "lower")
        mean2, logvar2 = above(variables, z1)
        z2 = drawn(mean2, logvar2, key, "upper")
        join = lambda a, b: jnp.concatenate([a, b], axis=-1)
        return Latent(
            z=join(z1, z2),
            mean=join(mean1, mean2),
            logvar=join(logvar1, logvar2),
            aux={"given": z1},
        )

    def prior(variables: Variables, key: Array, n: int) -> Array:
        z2 = jax.random.normal(stream(key, "upper"), (n, upper), jnp.float32)
        z1 = drawn(*below(variables, z2), stream(key, "lower"), "lower")
        return jnp.concatenate([z1, z2], axis=-1)

    def log_prior(variables: Variables, z: Array) -> Array:
        z1, z2 = z[..., :lower], z[..., lower:]
        return normal_log_density(z1, *below(variables, z2)) + standard_log_density(z2)

    return LatentSpace(
        size=lower + upper,
        outputs=2 * lower,
        apply=apply,
        prior=prior,
        init=init,
        log_prior=log_prior,
        log_posterior=lambda latent, z: normal_log_density(z, latent.mean, latent.logvar),
    )
