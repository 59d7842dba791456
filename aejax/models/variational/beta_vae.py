"""The beta-VAE: a variational autoencoder whose divergence weighs more than the bound asks for."""

from __future__ import annotations

from aejax.compose import compose
from aejax.latents.gaussian import gaussian
from aejax.losses import gaussian_kl_term
from aejax.models.builder import builder
from aejax.models.parts import ConditionArg, Features, example_shape, make_likelihood, make_nets
from aejax.types import Autoencoder


@builder
def beta_vae(
    features: Features,
    latent: int = 32,
    widths: tuple[int, ...] = (256,),
    activation: str = "relu",
    likelihood: str = "bernoulli",
    init: str = "glorot_uniform",
    net: str = "dense",
    condition: ConditionArg = 0,
) -> Autoencoder:
    """A VAE with beta = 4 on its divergence. Higgins et al. 2017, eq. 4.

    Equation: max E_q[log p(x|z)] - beta KL(q(z|x) || N(0, I)).

    Args and errors: as in `undercomplete`; `w_kl_nats` (beta) is swept without recompiling, and 1
    is `vae`. What is reported as the bound has beta = 1.
    """
    shape = example_shape(features)
    space, p_x = gaussian(latent), make_likelihood(likelihood)
    return compose(
        name="beta_vae",
        paper="Higgins 2017",
        equation="max E_q[log p(x|z)] - beta KL(q(z|x) || N(0, I))",
        shape=shape,
        nets=make_nets(shape, space, p_x, net, condition, widths, activation, init=init),
        space=space,
        likelihood=p_x,
        terms={"kl_nats": (gaussian_kl_term(), 4.0, "beta")},
        bound=("rec_nats", "kl_nats"),
    )
