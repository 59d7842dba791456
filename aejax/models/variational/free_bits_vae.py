"""The VAE with free bits: no pressure on a dimension's divergence below a floor."""

from __future__ import annotations

from aejax.compose import compose
from aejax.latents.gaussian import gaussian
from aejax.losses import gaussian_kl_term
from aejax.losses.shaped_kl import FREE, free_bits_term
from aejax.models.builder import builder
from aejax.models.parts import ConditionArg, Features, example_shape, make_likelihood, make_nets
from aejax.objectives import surrogate
from aejax.types import Autoencoder


@builder
def free_bits_vae(
    features: Features,
    latent: int = 32,
    widths: tuple[int, ...] = (256,),
    activation: str = "relu",
    likelihood: str = "bernoulli",
    init: str = "glorot_uniform",
    net: str = "dense",
    condition: ConditionArg = 0,
) -> Autoencoder:
    """A VAE in which the first lambda nats of each dimension cost nothing. Kingma et al. 2016, C.8.

    Equation: max E_x E_q[log p(x|z)] - sum_j max(lambda, E_x KL(q(z_j|x) || N(0, 1))), with the
    mean over the batch inside the maximum; each dimension is a group of its own.

    Args and errors: as in `undercomplete`; `free_nats` (lambda, in nats) and `w_kl_nats` are swept.
    """
    shape = example_shape(features)
    space, p_x = gaussian(latent), make_likelihood(likelihood)
    return compose(
        name="free_bits_vae",
        paper="Kingma 2016",
        equation="max E[log p(x|z)] - sum_j max(lambda, E KL(q(z_j|x) || N(0, 1)))",
        shape=shape,
        nets=make_nets(shape, space, p_x, net, condition, widths, activation, init=init),
        space=space,
        likelihood=p_x,
        terms={"kl_nats": (gaussian_kl_term(), 1.0)},
        objective=surrogate({"kl_nats": free_bits_term()}),
        hparams=FREE,
        bound=("rec_nats", "kl_nats"),
    )
