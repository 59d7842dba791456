"""A VAE whose posterior goes through inverse autoregressive flows."""

from __future__ import annotations

from aejax.compose import compose
from aejax.latents.flows import iaf_posterior
from aejax.losses.monte_carlo import mc_kl_term
from aejax.models.builder import builder
from aejax.models.parts import ConditionArg, Features, example_shape, make_likelihood, make_nets
from aejax.types import Autoencoder


@builder
def iaf_vae(
    features: Features,
    latent: int = 32,
    widths: tuple[int, ...] = (256,),
    activation: str = "relu",
    likelihood: str = "bernoulli",
    flows: int = 2,
    flow_widths: tuple[int, ...] = (64,),
    context: int = 32,
    init: str = "glorot_uniform",
    net: str = "dense",
    condition: ConditionArg = 0,
) -> Autoencoder:
    """A Gaussian sample through gated autoregressive layers. Kingma et al. 2016.

    Equation: max E_q0[log p(x, z_T) - log q_0(z_0|x) + sum_t sum_i log sigma_ti],
    z_t = sigma_t z_(t-1) + (1 - sigma_t) m_t, (m_t, sigma_t) = MADE_t(z_(t-1), h(x)), eq. 11 to 14.

    Args:
      flows: T, static. None leaves `vae`, its divergence taken by sampling.
      flow_widths: hidden widths of each MADE.
      context: size of h(x), which the encoder emits beside mean and log-variance.
      Others and errors: as in `undercomplete`; flows or context below 0. `w_kl_nats` is swept.
    """
    shape, p_x = example_shape(features), make_likelihood(likelihood)
    space = iaf_posterior(latent, flows, flow_widths, context)
    return compose(
        name="iaf_vae",
        paper="Kingma 2016",
        equation="max E_q0[log p(x, z_T) - log q_0(z_0|x) + sum_t sum_i log sigma_ti]",
        shape=shape,
        nets=make_nets(shape, space, p_x, net, condition, widths, activation, init=init),
        space=space,
        likelihood=p_x,
        terms={"kl_nats": (mc_kl_term(space), 1.0, "beta")},
        bound=("rec_nats", "kl_nats"),
    )
