"""A VAE whose prior has heavy tails."""

from __future__ import annotations

from aejax.compose import compose
from aejax.latents.gaussian import gaussian
from aejax.latents.priors import student_t, with_prior
from aejax.losses.monte_carlo import mc_kl_term
from aejax.models.builder import builder
from aejax.models.parts import ConditionArg, Features, example_shape, make_likelihood, make_nets
from aejax.types import Autoencoder


@builder
def student_vae(
    features: Features,
    latent: int = 32,
    widths: tuple[int, ...] = (256,),
    activation: str = "relu",
    likelihood: str = "bernoulli",
    init: str = "glorot_uniform",
    net: str = "dense",
    condition: ConditionArg = 0,
) -> Autoencoder:
    """A Gaussian posterior under a multivariate Student's t. Kim et al. 2024 (their prior alone).

    Equation: max E_q[log p(x|z) + log t(z; 0, I, nu) - log q(z|x)].

    The paper also gives posterior and decoder heavy tails and another divergence; here the bound is
    the usual one, and the prior the only change. As nu grows it is `vae`, its divergence taken by
    sampling.

    Args and errors: as in `undercomplete`; `dof` (nu) and `w_kl_nats` are swept.
    """
    shape, p_x = example_shape(features), make_likelihood(likelihood)
    space = with_prior(gaussian(latent), student_t(latent))
    return compose(
        name="student_vae",
        paper="Kim 2024 (t3-VAE's prior)",
        equation="max E_q[log p(x|z) + log t(z; 0, I, nu) - log q(z|x)]",
        shape=shape,
        nets=make_nets(shape, space, p_x, net, condition, widths, activation, init=init),
        space=space,
        likelihood=p_x,
        terms={"kl_nats": (mc_kl_term(space), 1.0, "beta")},
        bound=("rec_nats", "kl_nats"),
    )
