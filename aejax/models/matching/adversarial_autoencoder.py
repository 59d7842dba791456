"""The adversarial autoencoder: a discriminator tells codes from draws of the prior."""

from __future__ import annotations

from aejax.compose import compose
from aejax.latents.gaussian import matched
from aejax.losses import adversarial
from aejax.models.builder import builder
from aejax.models.parts import ConditionArg, Features, example_shape, make_likelihood, make_nets
from aejax.types import Autoencoder


@builder
def adversarial_autoencoder(
    features: Features,
    latent: int = 16,
    widths: tuple[int, ...] = (256,),
    activation: str = "relu",
    likelihood: str = "gaussian",
    discriminator_widths: tuple[int, ...] = (256, 256),
    init: str = "glorot_uniform",
    net: str = "dense",
    condition: ConditionArg = 0,
) -> Autoencoder:
    """A deterministic autoencoder whose encoder also plays a generator of N(0, I). Makhzani 2016.

    Equation: min E[-log p(x | g(f(x)))] - lambda E log D(f(x)), and at once
    max_D E log D(z) + E log(1 - D(f(x))), z ~ N(0, I). Both players move in one step, each by its
    own terms alone and with its own learning rate; the paper alternates two phases. With Adam,
    b1 = 0.5 steadies the game; at 0.9 the codes may run away or collapse.

    Args:
      discriminator_widths: its hidden widths.
      Others and errors: as in `undercomplete`; `w_adversarial_nats` (lambda) and
        `lr_discriminator` are swept.
    """
    shape = example_shape(features)
    space, p_x = matched(latent), make_likelihood(likelihood)
    critic = adversarial.discriminator(discriminator_widths)
    return compose(
        name="adversarial_autoencoder",
        paper="Makhzani 2016",
        equation="min E[-log p(x | g(f(x)))] - lambda E log D(f(x)); D: codes or N(0, I)?",
        shape=shape,
        nets=make_nets(shape, space, p_x, net, condition, widths, activation, init=init),
        space=space,
        likelihood=p_x,
        terms={
            "adversarial_nats": (adversarial.adversarial_term(critic), 1.0, "lambda"),
            "discriminator_nats": (adversarial.prior_discriminator_term(critic, space), 1.0),
        },
        modules=adversarial.modules(critic, latent),
        groups=adversarial.GROUPS,
    )
