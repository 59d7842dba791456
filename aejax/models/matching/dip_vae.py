"""The DIP-VAE: the covariance of the inferred prior is drawn to the identity."""

from __future__ import annotations

from aejax.compose import compose
from aejax.latents.gaussian import gaussian
from aejax.losses import gaussian_kl_term
from aejax.losses.discrepancy import diagonal_term, off_diagonal_term
from aejax.models.builder import builder
from aejax.models.parts import ConditionArg, Features, example_shape, make_likelihood, make_nets
from aejax.types import Autoencoder


@builder
def dip_vae(
    features: Features,
    latent: int = 10,
    widths: tuple[int, ...] = (256,),
    activation: str = "relu",
    likelihood: str = "bernoulli",
    variant: str = "ii",
    init: str = "glorot_uniform",
    net: str = "dense",
    condition: ConditionArg = 0,
) -> Autoencoder:
    """A VAE with a penalty on the covariance of its codes. Kumar et al. 2018, eq. 6 (i) and 7 (ii).

    Equation: max ELBO - lambda_od sum_{i != j} C_ij^2 - lambda_d sum_i (C_ii - 1)^2.

    Args:
      variant: i, with C the covariance of the posterior means, or ii, of the codes themselves.
      Others and errors: as in `undercomplete`; `w_offdiag_sq` (lambda_od) and `w_diag_sq`
        (lambda_d) are swept. The paper ties them, lambda_d = 10 lambda_od (i) or lambda_od (ii).
    """
    shape = example_shape(features)
    space, p_x = gaussian(latent), make_likelihood(likelihood)
    return compose(
        name="dip_vae",
        paper="Kumar 2018",
        equation="max ELBO - lambda_od sum_{i != j} C_ij^2 - lambda_d sum_i (C_ii - 1)^2",
        shape=shape,
        nets=make_nets(shape, space, p_x, net, condition, widths, activation, init=init),
        space=space,
        likelihood=p_x,
        terms={
            "kl_nats": (gaussian_kl_term(), 1.0),
            "offdiag_sq": (off_diagonal_term(variant), 10.0, "lambda_od"),
            "diag_sq": (diagonal_term(variant), 10.0, "lambda_d"),
        },
        bound=("rec_nats", "kl_nats"),
        least_rows=2,
    )
