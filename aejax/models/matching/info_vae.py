"""The InfoVAE: less of the divergence by example, more of the aggregate's discrepancy."""

from __future__ import annotations

from aejax.compose import compose
from aejax.latents.gaussian import gaussian
from aejax.losses import gaussian_kl_term
from aejax.losses.discrepancy import KERNEL_SCALE, mmd_term
from aejax.models.builder import builder
from aejax.models.parts import ConditionArg, Features, example_shape, make_likelihood, make_nets
from aejax.types import Autoencoder


@builder
def info_vae(
    features: Features,
    latent: int = 16,
    widths: tuple[int, ...] = (256,),
    activation: str = "relu",
    likelihood: str = "bernoulli",
    kernel: str = "rbf",
    init: str = "glorot_uniform",
    net: str = "dense",
    condition: ConditionArg = 0,
) -> Autoencoder:
    """A VAE that keeps information in its code by matching q(z), not each q(z|x). Zhao et al. 2017.

    Equation: max E_q[log p(x|z)] - (1 - alpha) KL(q(z|x) || p(z)) - (alpha + lambda - 1) D, with D
    the unbiased MMD^2 between the batch's codes and draws of the prior, N(0, I).

    Args:
      kernel: rbf or imq, summed over seven widths, 2 L s kernel_scale for s of .1 to 10, as
        pythae's imq (its default) is; its rbf is of one width, and no factor makes it this one.
      Others and errors: as in `undercomplete`; `w_kl_nats` (1 - alpha), `w_mmd_sq`
        (alpha + lambda - 1) and `kernel_scale` are swept. w_mmd_sq = 0 and w_kl_nats = 1 is `vae`,
        w_kl_nats = 0 the MMD-VAE.
    """
    shape = example_shape(features)
    space, p_x = gaussian(latent), make_likelihood(likelihood)
    return compose(
        name="info_vae",
        paper="Zhao 2017",
        equation="max E_q[log p(x|z)] - (1 - alpha) KL(q(z|x) || p) - (alpha + lambda - 1) MMD^2",
        shape=shape,
        nets=make_nets(shape, space, p_x, net, condition, widths, activation, init=init),
        space=space,
        likelihood=p_x,
        terms={
            "kl_nats": (gaussian_kl_term(), 0.1, "1 - alpha"),
            "mmd_sq": (mmd_term(space, kernel), 100.0, "alpha + lambda - 1"),
        },
        hparams=(KERNEL_SCALE,),
        bound=("rec_nats", "kl_nats"),
        least_rows=2,
    )
