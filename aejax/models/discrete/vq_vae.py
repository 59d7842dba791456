"""The vector-quantised autoencoder, its codebook by gradients or by moving averages."""

from __future__ import annotations

from aejax.compose import compose
from aejax.latents.quantised import vector_quantised
from aejax.losses.quantised import code_length_term, codebook_term, commitment_term
from aejax.models.builder import builder
from aejax.models.parts import ConditionArg, Features, example_shape, make_likelihood, make_nets
from aejax.types import Autoencoder


@builder
def vq_vae(
    features: Features,
    groups: int = 8,
    dim: int = 4,
    codes: int = 64,
    ema: bool = False,
    widths: tuple[int, ...] = (256,),
    activation: str = "relu",
    likelihood: str = "bernoulli",
    init: str = "glorot_uniform",
    net: str = "dense",
    condition: ConditionArg = 0,
) -> Autoencoder:
    """Each group of the code is the nearest vector of a codebook. van den Oord et al. 2017.

    Equation: min -log p(x|e) + |sg(z_e) - e|^2 + beta |z_e - sg(e)|^2, e = argmin_j |z_e - e_j|,
    eq. 3; the decoder's gradient goes straight through to z_e.

    `kl_nats` is the constant G log K, the divergence of a sure code to the uniform prior that
    `sample` draws from, so that the sum with `rec_nats` is a bound like any other's.

    Args:
      groups: G, vectors an example; the code has G d numbers.
      dim: d, size of a vector.
      codes: K, size of the one codebook.
      ema: the codebook is a moving average (appendix A.1) and has no term; `codebook_decay` is
        swept, and `restart_below`, the mass under which a code starts again at a random z_e.
      Others and errors: as in `undercomplete`; sizes below 1. `w_commitment_sq` (beta) is swept.
    """
    shape, p_x = example_shape(features), make_likelihood(likelihood)
    space = vector_quantised(groups, dim, codes, ema)
    codebook = {} if ema else {"codebook_sq": (codebook_term(), 1.0)}
    return compose(
        name="vq_vae",
        paper="van den Oord 2017",
        equation="min -log p(x|e) + |sg(z_e) - e|^2 + beta |z_e - sg(e)|^2, e = nearest code",
        shape=shape,
        nets=make_nets(shape, space, p_x, net, condition, widths, activation, init=init),
        space=space,
        likelihood=p_x,
        terms={
            "kl_nats": (code_length_term(codes), 1.0),
            "commitment_sq": (commitment_term(), 0.25, "beta"),
            **codebook,
        },
        bound=("rec_nats", "kl_nats"),
    )
