"""A VAE whose posterior and prior are skew normal."""

from __future__ import annotations

from aejax.compose import compose
from aejax.latents.priors import skew_normal, with_prior
from aejax.latents.skew_normal import skew_normal_posterior
from aejax.losses.monte_carlo import mc_kl_term
from aejax.models.builder import builder
from aejax.models.parts import ConditionArg, Features, example_shape, make_likelihood, make_nets
from aejax.types import Autoencoder


@builder
def skew_vae(
    features: Features,
    latent: int = 32,
    widths: tuple[int, ...] = (256,),
    activation: str = "relu",
    likelihood: str = "bernoulli",
    init: str = "glorot_uniform",
    net: str = "dense",
    condition: ConditionArg = 0,
) -> Autoencoder:
    """An asymmetric posterior and prior, by one half-normal push. Partaourides & Chatzis 2017.

    Equation: max E_q[log p(x|z) + log rMSN(z; 0, I, lambda_0) - log rMSN(z; xi(x), D(x),
    lambda(x))].

    The encoder emits xi, log D and lambda; lambda_0 is learned. With all skewness zero it is `vae`,
    its divergence taken by sampling. The code is the posterior's mean, xi + lambda sqrt(2 / pi).

    Args and errors: as in `undercomplete`; `w_kl_nats` is swept.
    """
    shape, p_x = example_shape(features), make_likelihood(likelihood)
    space = with_prior(skew_normal_posterior(latent), skew_normal(latent))
    return compose(
        name="skew_vae",
        paper="Partaourides & Chatzis 2017",
        equation="max E_q[log p(x|z) + log rMSN(z; 0, I, l_0) - log rMSN(z; xi(x), D(x), l(x))]",
        shape=shape,
        nets=make_nets(shape, space, p_x, net, condition, widths, activation, init=init),
        space=space,
        likelihood=p_x,
        terms={"kl_nats": (mc_kl_term(space), 1.0, "beta")},
        bound=("rec_nats", "kl_nats"),
    )
