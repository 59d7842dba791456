"""The importance-weighted autoencoder with two stochastic layers."""

from __future__ import annotations

from aejax.compose import compose
from aejax.latents.hierarchical import two_layers
from aejax.losses.monte_carlo import mc_kl_term
from aejax.models.builder import builder
from aejax.models.parts import Features, binarised, example_shape, from_mean, make_likelihood
from aejax.nets import chosen
from aejax.objectives import sampled_bound
from aejax.types import Autoencoder


@builder
def iwae_deep(
    features: Features,
    latent: int = 50,
    lower: int = 100,
    widths: tuple[int, ...] = (200, 200),
    upper_widths: tuple[int, ...] = (100, 100),
    activation: str = "tanh",
    likelihood: str = "bernoulli",
    samples: int = 5,
    bound: str = "importance",
    binarise: bool = False,
    data_bias: bool = False,
    init: str = "glorot_uniform",
    net: str = "dense",
) -> Autoencoder:
    """p(z2) p(z1|z2) p(x|z1) against q(z1|x) q(z2|z1). Burda et al. 2015, eq. 8 and section 5.

    Equation: max E log 1/k sum_i p(x, z_i) / q(z_i | x), z_i = (z1_i, z2_i) ~ q(z | x).

    Args:
      latent: size of the upper layer z2; the code has `lower` numbers more.
      lower: size of z1.
      widths: hidden widths between x and z1, mirrored in the decoder.
      upper_widths: between z1 and z2, likewise.
      samples, bound, binarise, data_bias: as in `iwae`.
      Others and errors: as in `undercomplete`; likelihoods with one output a feature.
    """
    shape = example_shape(features)
    space, p_x = (
        two_layers(lower, latent, tuple(upper_widths), activation),
        make_likelihood(likelihood),
    )
    nets = chosen(
        net,
        0,
        shape,
        (*shape[:-1], shape[-1] * p_x.outputs),
        widths=widths,
        latent=lower,
        outputs=space.outputs,
        activation=activation,
        init=init,
    )
    decode = nets.decode
    nets = nets._replace(
        decode=lambda params, z: decode(params, z[..., :lower]), decoder_layers=None
    )
    model = compose(
        name="iwae_deep",
        paper="Burda 2015",
        equation="max E log 1/k sum_i p(x, z_i) / q(z_i | x), z_i = (z1_i, z2_i) ~ q(z | x)",
        shape=shape,
        nets=nets,
        space=space,
        likelihood=p_x,
        terms={"kl_nats": (mc_kl_term(space), 1.0)},
        objective=sampled_bound(bound, samples),
        bound=("rec_nats", "kl_nats"),
    )
    model = from_mean(model, net) if data_bias else model
    return binarised(model) if binarise else model
