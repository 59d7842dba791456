"""The variational autoencoder, and beta-VAE by its weight."""

from __future__ import annotations

from aejax.compose import compose
from aejax.hparams import NUM_DATA
from aejax.latents.gaussian import gaussian
from aejax.losses import gaussian_kl_term
from aejax.losses.weights import parameter_prior_term
from aejax.models.builder import builder
from aejax.models.parts import ConditionArg, Features, example_shape, make_likelihood, make_nets
from aejax.types import Autoencoder


@builder
def vae(
    features: Features,
    latent: int = 32,
    widths: tuple[int, ...] = (256,),
    activation: str = "relu",
    likelihood: str = "bernoulli",
    parameter_prior: bool = False,
    init: str = "glorot_uniform",
    net: str = "dense",
    condition: ConditionArg = 0,
) -> Autoencoder:
    """A Gaussian posterior and prior, trained on the evidence lower bound. Kingma & Welling 2013.

    Equation: max E_q[log p(x|z)] - beta KL(q(z|x) || N(0, I)), eq. 7; beta = 1 is the bound,
    other values are Higgins et al. 2017.

    Args:
      parameter_prior: maximum a posteriori under theta ~ N(0, I), as in the paper's experiments;
        `num_data` is filled in by `fit` and sweeps.
      Others and errors: as in `undercomplete`; `w_kl_nats` (beta) is swept without recompiling.
    """
    shape = example_shape(features)
    space, p_x = gaussian(latent), make_likelihood(likelihood)
    prior = {"prior_nats": (parameter_prior_term(), 1.0)} if parameter_prior else {}
    return compose(
        name="vae",
        paper="Kingma & Welling 2013",
        equation="max E_q[log p(x|z)] - beta KL(q(z|x) || N(0, I))",
        shape=shape,
        nets=make_nets(shape, space, p_x, net, condition, widths, activation, init=init),
        space=space,
        likelihood=p_x,
        terms={"kl_nats": (gaussian_kl_term(), 1.0, "beta"), **prior},
        hparams=(NUM_DATA,) if parameter_prior else (),
        bound=("rec_nats", "kl_nats"),
    )
