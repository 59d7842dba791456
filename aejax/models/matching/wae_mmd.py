"""The Wasserstein autoencoder with the maximum mean discrepancy."""

from __future__ import annotations

from aejax.compose import compose
from aejax.latents.gaussian import matched
from aejax.losses.discrepancy import KERNEL_SCALE, mmd_term
from aejax.models.builder import builder
from aejax.models.parts import ConditionArg, Features, example_shape, make_likelihood, make_nets
from aejax.types import Autoencoder


@builder
def wae_mmd(
    features: Features,
    latent: int = 16,
    widths: tuple[int, ...] = (256,),
    activation: str = "relu",
    likelihood: str = "gaussian",
    kernel: str = "imq",
    init: str = "glorot_uniform",
    net: str = "dense",
    condition: ConditionArg = 0,
) -> Autoencoder:
    """A deterministic autoencoder whose codes are drawn to N(0, I). Tolstikhin et al. 2018, alg. 2.

    Equation: min E[-log p(x | g(f(x)))] + lambda MMD^2(f(x), N(0, I)), the unbiased estimate on the
    batch and as many draws of the prior.

    Args:
      kernel: imq (inverse multiquadratics, the paper's choice) or rbf, summed over seven widths,
        2 L s kernel_scale for s of .1 to 10; of one width (pythae's rbf) the estimate is a third
        for codes near the prior and a fifteenth for collapsed ones. The squared error counts half
        (nats of a unit Gaussian), in the paper in full: its lambda is w_mmd_sq = lambda / 2 here.
      Others and errors: as in `undercomplete`; `w_mmd_sq` (lambda) and `kernel_scale`, which
        multiplies the widths, are swept.
    """
    shape = example_shape(features)
    space, p_x = matched(latent), make_likelihood(likelihood)
    return compose(
        name="wae_mmd",
        paper="Tolstikhin 2018",
        equation="min E[-log p(x | g(f(x)))] + lambda MMD^2(f(x), N(0, I))",
        shape=shape,
        nets=make_nets(shape, space, p_x, net, condition, widths, activation, init=init),
        space=space,
        likelihood=p_x,
        terms={"mmd_sq": (mmd_term(space, kernel), 10.0, "lambda")},
        hparams=(KERNEL_SCALE,),
        least_rows=2,
    )
