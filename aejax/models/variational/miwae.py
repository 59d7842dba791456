"""The missing-data IWAE: trained on rows with gaps, by a bound on what is observed."""

from __future__ import annotations

import jax.numpy as jnp

from aejax.compose import compose
from aejax.conditions import beside, values_of
from aejax.latents.gaussian import gaussian
from aejax.likelihoods.observed import fill_gaps, observed
from aejax.losses.monte_carlo import mc_kl_term
from aejax.models.builder import builder
from aejax.models.parts import ConditionArg, Features, example_shape, make_likelihood
from aejax.nets import chosen
from aejax.objectives import importance_weighted
from aejax.types import Array, Autoencoder, Nets


@builder
def miwae(
    features: Features,
    latent: int = 32,
    widths: tuple[int, ...] = (256,),
    activation: str = "relu",
    likelihood: str = "bernoulli",
    samples: int = 5,
    mask_input: bool = False,
    decoder_widths: tuple[int, ...] | None = None,
    init: str = "glorot_uniform",
    net: str = "dense",
    condition: ConditionArg = 0,
) -> Autoencoder:
    """An IWAE of the observed features, for tables and images with gaps. Mattei & Frellsen 2019.

    Equation: max E log 1/k sum_i p(x_o | z_i) p(z_i) / q(z_i | x_o), z_i ~ q(z | x_o), with x_o
    the observed features of a row; the encoder reads zeros in place of the others.

    NaN in x is a gap: `fit`, `score`, `encode`, `reconstruct` and `impute` take arrays with NaN,
    masked arrays and data frames with missing values for this model, and the batch is still one
    array. The bound is one of log p(x_o) where what is missing is missing at random. Without gaps
    it is `iwae`. `aejax.impute` fills the gaps.

    Args:
      samples: k, static.
      mask_input: the encoder reads a second array of channels too, 1 in the gaps; without it, as in
        the paper, a gap and a zero look the same. Standardise columns, so that zero is their mean.
      decoder_widths: hidden widths of the decoder where it is no mirror image; () is a linear one,
        as of factor analysis, for small tables.
      Others and errors: as in `iwae`; a likelihood whose features depend on each other.
    """
    shape = example_shape(features)
    space, p_x = gaussian(latent), observed(make_likelihood(likelihood))
    nets = chosen(
        net,
        condition,
        (*shape[:-1], shape[-1] * (2 if mask_input else 1)),
        (*shape[:-1], shape[-1] * p_x.outputs),
        widths=widths,
        latent=space.size,
        outputs=space.outputs,
        activation=activation,
        init=init,
        decoder_widths=decoder_widths,
    )
    return compose(
        name="miwae",
        paper="Mattei 2019",
        equation="max E log 1/k sum_i p(x_o, z_i) / q(z_i | x_o), z_i ~ q(z | x_o)",
        shape=shape,
        nets=_reading_gaps(nets, mask_input),
        space=space,
        likelihood=p_x,
        terms={"kl_nats": (mc_kl_term(space), 1.0)},
        objective=importance_weighted(samples),
        bound=("rec_nats", "kl_nats"),
    )


def _reading_gaps(nets: Nets, mask_input: bool) -> Nets:
    """The same networks, whose encoder reads zeros in the gaps, and where they are."""

    def shown(x: Array) -> Array:
        filled = fill_gaps(x)
        if not mask_input:
            return filled
        return jnp.concatenate([filled, jnp.isnan(x).astype(filled.dtype)], axis=-1)

    return nets._replace(
        init=lambda key, x: nets.init(key, shown(x)),
        encode=lambda params, x: nets.encode(params, beside(shown(values_of(x)), x)),
        encoder_layers=None,  # before them gaps are filled
    )
