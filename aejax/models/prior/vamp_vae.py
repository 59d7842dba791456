"""A VAE whose prior is a mixture of its own posteriors at learned inputs."""

from __future__ import annotations

from aejax.compose import compose
from aejax.latents.gaussian import gaussian
from aejax.latents.priors import vamp, with_prior
from aejax.losses.monte_carlo import mc_kl_term
from aejax.models.builder import builder
from aejax.models.parts import Features, example_shape, make_likelihood, make_nets
from aejax.types import Autoencoder


@builder
def vamp_vae(
    features: Features,
    latent: int = 32,
    widths: tuple[int, ...] = (256,),
    activation: str = "relu",
    likelihood: str = "bernoulli",
    components: int = 50,
    init: str = "glorot_uniform",
    net: str = "dense",
) -> Autoencoder:
    """A Gaussian posterior, and for prior its variational mixture. Tomczak & Welling 2018.

    Equation: max E_q[log p(x|z) + log 1/K sum_k q(z|u_k) - log q(z|x)], eq. 9, u_k learned.

    Args:
      components: K, the number of pseudo-inputs, static. One that the encoder maps to N(0, I) is
        `vae`, its divergence taken by sampling.
      Others and errors: as in `undercomplete`; components below 1. `w_kl_nats` is swept.
    """
    shape, p_x, posterior = example_shape(features), make_likelihood(likelihood), gaussian(latent)
    nets = make_nets(shape, posterior, p_x, net, 0, widths, activation, init=init)
    space = with_prior(posterior, vamp(shape, posterior, nets, p_x, components))
    return compose(
        name="vamp_vae",
        paper="Tomczak & Welling 2018",
        equation="max E_q[log p(x|z) + log 1/K sum_k q(z|u_k) - log q(z|x)]",
        shape=shape,
        nets=nets,
        space=space,
        likelihood=p_x,
        terms={"kl_nats": (mc_kl_term(space), 1.0, "beta")},
        bound=("rec_nats", "kl_nats"),
    )
