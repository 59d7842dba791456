"""The importance-weighted autoencoder with the doubly reparameterised gradient."""

from __future__ import annotations

from aejax.compose import compose
from aejax.latents.gaussian import gaussian
from aejax.losses.monte_carlo import mc_kl_term
from aejax.models.builder import builder
from aejax.models.parts import ConditionArg, Features, example_shape, make_likelihood, make_nets
from aejax.objectives import doubly_reparameterised
from aejax.types import Autoencoder


@builder
def iwae_dreg(
    features: Features,
    latent: int = 32,
    widths: tuple[int, ...] = (256,),
    activation: str = "relu",
    likelihood: str = "bernoulli",
    samples: int = 5,
    init: str = "glorot_uniform",
    net: str = "dense",
    condition: ConditionArg = 0,
) -> Autoencoder:
    """`iwae` with a gradient of less variance for the encoder. Tucker et al. 2019 (DReG).

    Equation: grad_phi L_k = E[sum_i v_i^2 (d log w_i / d z_i) (d z_i / d phi)], with v_i =
    w_i / sum_j w_j: the mean of the bound's own gradient, with less variance. Loss and decoder's
    gradient are those of `iwae`.

    Args and errors: as in `iwae`. Weights of the terms other than 1 bias the gradient.
    """
    shape = example_shape(features)
    space, p_x = gaussian(latent), make_likelihood(likelihood)
    return compose(
        name="iwae_dreg",
        paper="Tucker 2019",
        equation="grad_phi L_k = E[sum_i v_i^2 (d log w_i / d z_i) (d z_i / d phi)]",
        shape=shape,
        nets=make_nets(shape, space, p_x, net, condition, widths, activation, init=init),
        space=space,
        likelihood=p_x,
        terms={"kl_nats": (mc_kl_term(space), 1.0)},
        objective=doubly_reparameterised(samples),
        bound=("rec_nats", "kl_nats"),
    )
