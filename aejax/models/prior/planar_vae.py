"""A VAE whose posterior goes through planar flows."""

from __future__ import annotations

from aejax.compose import compose
from aejax.latents.flows import planar_posterior
from aejax.losses.monte_carlo import mc_kl_term
from aejax.models.builder import builder
from aejax.models.parts import ConditionArg, Features, example_shape, make_likelihood, make_nets
from aejax.types import Autoencoder


@builder
def planar_vae(
    features: Features,
    latent: int = 32,
    widths: tuple[int, ...] = (256,),
    activation: str = "relu",
    likelihood: str = "bernoulli",
    flows: int = 4,
    init: str = "glorot_uniform",
    net: str = "dense",
    condition: ConditionArg = 0,
) -> Autoencoder:
    """A Gaussian sample bent by planes that the encoder chooses. Rezende & Mohamed 2015.

    Equation: max E_q0[log p(x|z_T) + log p(z_T) - log q_0(z_0|x) + sum_t log |1 + u_t' psi_t|],
    z_t = z_(t-1) + u_t tanh(w_t' z_(t-1) + b_t), eq. 10 to 15.

    Args:
      flows: T, static. None leaves `vae`, its divergence taken by sampling.
      Others and errors: as in `undercomplete`; flows below 0. `w_kl_nats` is swept.
    """
    shape, p_x = example_shape(features), make_likelihood(likelihood)
    space = planar_posterior(latent, flows)
    return compose(
        name="planar_vae",
        paper="Rezende & Mohamed 2015",
        equation="max E_q0[log p(x, z_T) - log q_0(z_0|x) + sum_t log |1 + u_t' psi_t(z_(t-1))|]",
        shape=shape,
        nets=make_nets(shape, space, p_x, net, condition, widths, activation, init=init),
        space=space,
        likelihood=p_x,
        terms={"kl_nats": (mc_kl_term(space), 1.0, "beta")},
        bound=("rec_nats", "kl_nats"),
    )
