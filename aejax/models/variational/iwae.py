"""The importance-weighted autoencoder: a tighter bound from k samples."""

from __future__ import annotations

from aejax.compose import compose
from aejax.latents.gaussian import gaussian
from aejax.losses.monte_carlo import mc_kl_term
from aejax.models.builder import builder
from aejax.models.parts import (
    ConditionArg,
    Features,
    binarised,
    example_shape,
    from_mean,
    make_likelihood,
    make_nets,
)
from aejax.objectives import sampled_bound
from aejax.types import Autoencoder


@builder
def iwae(
    features: Features,
    latent: int = 32,
    widths: tuple[int, ...] = (256,),
    activation: str = "relu",
    likelihood: str = "bernoulli",
    samples: int = 5,
    bound: str = "importance",
    binarise: bool = False,
    data_bias: bool = False,
    init: str = "glorot_uniform",
    net: str = "dense",
    condition: ConditionArg = 0,
) -> Autoencoder:
    """A VAE on the importance-weighted bound L_k. Burda, Grosse & Salakhutdinov 2015, eq. 8.

    Equation: max E log 1/k sum_i p(x, z_i) / q(z_i | x), z_i ~ q(z | x); k = 1 is the VAE's bound
    with the divergence by sampling. The loss is -L_k; the terms are means over the k samples, whose
    sum is the looser bound of one sample.

    Args:
      samples: k, static (it is a shape): each value compiles.
      bound: importance, or average: the VAE's bound, as a mean over k samples.
      binarise: train and evaluate on draws of Bernoulli(x), anew each time.
      data_bias: the output's bias begins at the logits of the training mean.
      Others and errors: as in `undercomplete`; samples below 1.
    """
    shape = example_shape(features)
    space, p_x = gaussian(latent), make_likelihood(likelihood)
    model = compose(
        name="iwae",
        paper="Burda 2015",
        equation="max E log 1/k sum_i p(x, z_i) / q(z_i | x), z_i ~ q(z | x)",
        shape=shape,
        nets=make_nets(shape, space, p_x, net, condition, widths, activation, init=init),
        space=space,
        likelihood=p_x,
        terms={"kl_nats": (mc_kl_term(space), 1.0)},
        objective=sampled_bound(bound, samples),
        bound=("rec_nats", "kl_nats"),
    )
    model = from_mean(model, net) if data_bias else model
    return binarised(model) if binarise else model
