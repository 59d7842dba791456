"""The autoencoder of learned compression: rounded codes, and a learned probability of each."""

from __future__ import annotations

from aejax.compose import compose, reconstruction
from aejax.latents.quantised import rounded
from aejax.losses.monte_carlo import mc_kl_term
from aejax.models.builder import builder
from aejax.models.parts import ConditionArg, Features, example_shape, make_likelihood, make_nets
from aejax.types import Autoencoder


@builder
def compressive(
    features: Features,
    latent: int = 32,
    step: float = 0.125,
    filters: tuple[int, ...] = (3, 3, 3),
    widths: tuple[int, ...] = (256,),
    activation: str = "relu",
    likelihood: str = "gaussian",
    init: str = "glorot_uniform",
    net: str = "dense",
    condition: ConditionArg = 0,
) -> Autoencoder:
    """Rate and distortion: whole numbers for a code, and as few bits as a lambda allows.

    Equation: min E[-log p(y + u)] + lambda E[-log p(x | y + u)], u uniform on [-1/2, 1/2]; at test
    y is rounded.

    Ballé, Laparra & Simoncelli 2017; the density is the factorised one of Ballé et al. 2018. With
    the likelihood `gaussian` the distortion is half the squared error of an image. `rate_nats` over
    log 2 are the bits of a code, nearly: `aejax.compress` writes them with a range coder, and
    `aejax.decompress` reads them. With lambda = 1 the loss is a variational bound (Ballé et al.
    2017 compare them), and that is what is reported as `elbo_nats`. The paper's networks are
    convolutional, with divisive normalisation; these are those of `net`.

    Args:
      latent: L, numbers of a code, each with a density of its own; those that do not pay their bits
        become constant.
      step: width of a bin, on the scale of the encoder's output; see `rounded`.
      filters: hidden layers of each density.
      Others and errors: as in `undercomplete`; a width of `filters` below 1, a step of 0 or less.
        `w_rec_nats` (lambda) and `w_rate_nats` are swept.
    """
    shape, p_x = example_shape(features), make_likelihood(likelihood)
    space = rounded(latent, step, filters)
    return compose(
        name="compressive",
        paper="Ballé 2017",
        equation="min E[-log p(y+u)] + lambda E[-log p(x | y+u)], u ~ U(-1/2, 1/2)",
        shape=shape,
        nets=make_nets(shape, space, p_x, net, condition, widths, activation, init=init),
        space=space,
        likelihood=p_x,
        terms={
            "rec_nats": (reconstruction(p_x), 10.0, "lambda"),
            "rate_nats": (mc_kl_term(space), 1.0),
        },
        bound=("rec_nats", "rate_nats"),
    )
