"""A variational autoencoder's networks, trained by wake-sleep."""

from __future__ import annotations

from aejax.compose import compose
from aejax.hparams import NUM_DATA
from aejax.latents.gaussian import gaussian
from aejax.losses import gaussian_kl_term
from aejax.losses.wake_sleep import awake, dream_term, reported
from aejax.losses.weights import parameter_prior_term
from aejax.models.builder import builder
from aejax.models.parts import Features, example_shape, make_likelihood, make_nets
from aejax.types import Autoencoder


@builder
def wake_sleep(
    features: Features,
    latent: int = 32,
    widths: tuple[int, ...] = (256,),
    activation: str = "relu",
    likelihood: str = "bernoulli",
    parameter_prior: bool = False,
    init: str = "glorot_uniform",
    net: str = "dense",
    dreams: str = "sample",
) -> Autoencoder:
    """The control of Kingma & Welling 2013, figure 2; the algorithm is Hinton et al. 1995.

    Equation: wake: max log p(x|z), z ~ q(z|x); sleep: max log q(z|x), (x, z) ~ p(z) p(x|z). The
    divergence is reported, so that the bound can be compared, and has no gradient.

    Args:
      parameter_prior: as in `vae`.
      dreams: "sample" of the decoder, or its "mean" where the data are grey levels.
      Others and errors: as in `undercomplete`.
    """
    shape = example_shape(features)
    space, p_x = awake(gaussian(latent)), make_likelihood(likelihood)
    nets = make_nets(shape, space, p_x, net, 0, widths, activation, init=init)
    prior = {"prior_nats": (parameter_prior_term(), 1.0)} if parameter_prior else {}
    return compose(
        name="wake_sleep",
        paper="Hinton, Dayan, Frey & Neal 1995; Kingma & Welling 2013",
        equation="max log p(x|z), z ~ q(z|x); max log q(z|x), (x, z) ~ p(z) p(x|z)",
        shape=shape,
        nets=nets,
        space=space,
        likelihood=p_x,
        terms={
            "kl_nats": (reported(gaussian_kl_term()), 1.0),
            "dream_nats": (dream_term(nets, space, p_x, dreams), 1.0),
            **prior,
        },
        hparams=(NUM_DATA,) if parameter_prior else (),
        bound=("rec_nats", "kl_nats"),
    )
