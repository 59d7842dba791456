"""A VAE whose prior is a learned mixture of Gaussians."""

from __future__ import annotations

from aejax.compose import compose
from aejax.latents.gaussian import gaussian
from aejax.latents.priors import mixture, with_prior
from aejax.losses.monte_carlo import mc_kl_term
from aejax.models.builder import builder
from aejax.models.parts import ConditionArg, Features, example_shape, make_likelihood, make_nets
from aejax.types import Autoencoder


@builder
def mixture_vae(
    features: Features,
    latent: int = 32,
    widths: tuple[int, ...] = (256,),
    activation: str = "relu",
    likelihood: str = "bernoulli",
    components: int = 10,
    init: str = "glorot_uniform",
    net: str = "dense",
    condition: ConditionArg = 0,
) -> Autoencoder:
    """A Gaussian posterior under a mixture prior, learned with the rest. Tomczak & Welling 2018.

    Equation: max E_q[log p(x|z) + log sum_k pi_k N(z; m_k, s_k^2) - log q(z|x)], section 2.2 (MoG).

    Args:
      components: K, static. One component with mean zero and unit variance is `vae`, its divergence
        taken by sampling.
      Others and errors: as in `undercomplete`; components below 1. `w_kl_nats` is swept.
    """
    shape, p_x = example_shape(features), make_likelihood(likelihood)
    space = with_prior(gaussian(latent), mixture(latent, components))
    return compose(
        name="mixture_vae",
        paper="Tomczak & Welling 2018 (MoG)",
        equation="max E_q[log p(x|z) + log sum_k pi_k N(z; m_k, s_k^2) - log q(z|x)]",
        shape=shape,
        nets=make_nets(shape, space, p_x, net, condition, widths, activation, init=init),
        space=space,
        likelihood=p_x,
        terms={"kl_nats": (mc_kl_term(space), 1.0, "beta")},
        bound=("rec_nats", "kl_nats"),
    )
