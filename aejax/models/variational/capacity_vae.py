"""The capacity-controlled VAE: the divergence is led along a rising target."""

from __future__ import annotations

from aejax.compose import compose
from aejax.latents.gaussian import gaussian
from aejax.losses import gaussian_kl_term
from aejax.losses.shaped_kl import CAPACITY, capacity_term
from aejax.models.builder import builder
from aejax.models.parts import ConditionArg, Features, example_shape, make_likelihood, make_nets
from aejax.objectives import surrogate
from aejax.types import Autoencoder


@builder
def capacity_vae(
    features: Features,
    latent: int = 32,
    widths: tuple[int, ...] = (256,),
    activation: str = "relu",
    likelihood: str = "bernoulli",
    init: str = "glorot_uniform",
    net: str = "dense",
    condition: ConditionArg = 0,
) -> Autoencoder:
    """A VAE whose divergence is held at C(t), a line from 0 to C. Burgess et al. 2018, section 5.

    Equation: max E_q[log p(x|z)] - gamma |KL(q(z|x) || N(0, I)) - C(t)|, per example as printed:
    gamma E|KL - C|. disentanglement_lib takes the batch's mean of KL first, gamma |E KL - C|, which
    is never larger, and lets single examples stray from C.

    Args and errors: as in `undercomplete`. Swept: `w_kl_nats` (gamma), `capacity` (C, in nats) and
    `capacity_steps`, in which C is reached. The paper has gamma = 1000, C = 25 and 100,000 steps;
    the defaults are for runs of a few thousand steps.
    """
    shape = example_shape(features)
    space, p_x, kl = gaussian(latent), make_likelihood(likelihood), gaussian_kl_term()
    return compose(
        name="capacity_vae",
        paper="Burgess 2018",
        equation="max E_q[log p(x|z)] - gamma |KL(q(z|x) || N(0, I)) - C(t)|",
        shape=shape,
        nets=make_nets(shape, space, p_x, net, condition, widths, activation, init=init),
        space=space,
        likelihood=p_x,
        terms={"kl_nats": (kl, 30.0, "gamma")},
        objective=surrogate({"kl_nats": capacity_term(kl)}),
        hparams=CAPACITY,
        bound=("rec_nats", "kl_nats"),
    )
