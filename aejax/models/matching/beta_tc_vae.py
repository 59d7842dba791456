"""The beta-TCVAE: the divergence taken apart, and its total correlation weighed more."""

from __future__ import annotations

from aejax.compose import compose
from aejax.hparams import NUM_DATA
from aejax.latents.gaussian import gaussian
from aejax.losses.total_correlation import decomposition_terms
from aejax.models.builder import builder
from aejax.models.parts import ConditionArg, Features, example_shape, make_likelihood, make_nets
from aejax.types import Autoencoder


@builder
def beta_tc_vae(
    features: Features,
    latent: int = 10,
    widths: tuple[int, ...] = (256,),
    activation: str = "relu",
    likelihood: str = "bernoulli",
    weighting: str = "stratified",
    init: str = "glorot_uniform",
    net: str = "dense",
    condition: ConditionArg = 0,
) -> Autoencoder:
    """A VAE with a weight for each of the three parts of its divergence. Chen et al. 2018, eq. 4.

    Equation: max E_q[log p(x|z)] - alpha I(x; z) - beta KL(q(z) || prod_j q(z_j))
    - gamma sum_j KL(q(z_j) || p(z_j)).

    Args:
      weighting: how q(z) is estimated from a batch: stratified (unbiased, and exact when the batch
        is the data set) or weighted (the paper's default: the same gradients as a batch taken for
        the data set, values up to constants).
      Others and errors: as in `undercomplete`; `w_mi_nats` (alpha), `w_tc_nats` (beta) and
        `w_dimension_kl_nats` (gamma) are swept. `num_data` is the number of training rows, which
        `fit` and sweeps fill in; 0 takes each batch for the data set.
    """
    shape = example_shape(features)
    space, p_x = gaussian(latent), make_likelihood(likelihood)
    terms = decomposition_terms(weighting)
    weights = {
        "mi_nats": (1.0, "alpha"),
        "tc_nats": (6.0, "beta"),
        "dimension_kl_nats": (1.0, "gamma"),
    }
    return compose(
        name="beta_tc_vae",
        paper="Chen 2018",
        equation="max E_q[log p(x|z)] - alpha I(x; z) - beta TC - gamma sum_j KL(q(z_j) || p(z_j))",
        shape=shape,
        nets=make_nets(shape, space, p_x, net, condition, widths, activation, init=init),
        space=space,
        likelihood=p_x,
        terms={name: (term, *weights[name]) for name, term in terms.items()},
        hparams=(NUM_DATA,),
        bound=("rec_nats", *terms),
        least_rows=2,
    )
