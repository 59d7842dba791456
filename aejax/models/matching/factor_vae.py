"""The FactorVAE: a penalty on the total correlation of the code, by a discriminator."""

from __future__ import annotations

from aejax.compose import compose
from aejax.latents.gaussian import gaussian
from aejax.losses import adversarial, gaussian_kl_term
from aejax.models.builder import builder
from aejax.models.parts import ConditionArg, Features, example_shape, make_likelihood, make_nets
from aejax.types import Autoencoder


@builder
def factor_vae(
    features: Features,
    latent: int = 10,
    widths: tuple[int, ...] = (256,),
    activation: str = "relu",
    likelihood: str = "bernoulli",
    discriminator_widths: tuple[int, ...] = (256, 256),
    init: str = "glorot_uniform",
    net: str = "dense",
    condition: ConditionArg = 0,
) -> Autoencoder:
    """A VAE minus gamma times the total correlation of q(z). Kim & Mnih 2018, eq. 2 and 3.

    Equation: max ELBO - gamma E log D(z) / (1 - D(z)), where D tells codes from codes whose
    dimensions were permuted over the batch, each by itself (algorithm 2).

    Args:
      discriminator_widths: its hidden widths; the paper has six of 1000.
      Others and errors: as in `undercomplete`; `w_tc_nats` (gamma) and `lr_discriminator` are
        swept.
    """
    shape = example_shape(features)
    space, p_x = gaussian(latent), make_likelihood(likelihood)
    critic = adversarial.discriminator(discriminator_widths)
    return compose(
        name="factor_vae",
        paper="Kim & Mnih 2018",
        equation="max ELBO - gamma E log D(z) / (1 - D(z)); max_D E log D(z) (1 - D(permuted z))",
        shape=shape,
        nets=make_nets(shape, space, p_x, net, condition, widths, activation, init=init),
        space=space,
        likelihood=p_x,
        terms={
            "kl_nats": (gaussian_kl_term(), 1.0),
            "tc_nats": (adversarial.density_ratio_term(critic), 10.0, "gamma"),
            "discriminator_nats": (adversarial.permutation_discriminator_term(critic), 1.0),
        },
        bound=("rec_nats", "kl_nats"),
        modules=adversarial.modules(critic, latent),
        groups=adversarial.GROUPS,
        least_rows=2,
    )
