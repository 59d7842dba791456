"""A VAE whose prior is a masked autoregressive flow."""

from __future__ import annotations

from aejax.compose import compose
from aejax.latents.flows import autoregressive
from aejax.latents.gaussian import gaussian
from aejax.latents.priors import flow_prior, with_prior
from aejax.losses.monte_carlo import mc_kl_term
from aejax.models.builder import builder
from aejax.models.parts import ConditionArg, Features, example_shape, make_likelihood, make_nets
from aejax.types import Autoencoder


@builder
def maf_prior_vae(
    features: Features,
    latent: int = 32,
    widths: tuple[int, ...] = (256,),
    activation: str = "relu",
    likelihood: str = "bernoulli",
    flows: int = 2,
    flow_widths: tuple[int, ...] = (64,),
    init: str = "glorot_uniform",
    net: str = "dense",
    condition: ConditionArg = 0,
) -> Autoencoder:
    """A Gaussian posterior under a learned flow. Papamakarios 2017; as a prior, Chen et al. 2017.

    Equation: max E_q[log p(x|z) + log N(f(z); 0, I) + log |det df/dz| - log q(z|x)], f of T layers
    u_i = e^{a_i} z_i + b_i, (a_i, b_i) functions of z_1..z_(i-1).

    Args:
      flows: T, static. None leaves `vae`, its divergence taken by sampling.
      flow_widths: hidden widths of each MADE.
      Others and errors: as in `undercomplete`; flows below 0. `w_kl_nats` is swept.
    """
    shape, p_x = example_shape(features), make_likelihood(likelihood)
    flow = autoregressive(latent, flows, flow_widths, scale="exponential")
    space = with_prior(gaussian(latent), flow_prior(latent, flow))
    return compose(
        name="maf_prior_vae",
        paper="Papamakarios 2017; Chen 2017",
        equation="max E_q[log p(x|z) + log N(f(z); 0, I) + log |det df/dz| - log q(z|x)]",
        shape=shape,
        nets=make_nets(shape, space, p_x, net, condition, widths, activation, init=init),
        space=space,
        likelihood=p_x,
        terms={"kl_nats": (mc_kl_term(space), 1.0, "beta")},
        bound=("rec_nats", "kl_nats"),
    )
