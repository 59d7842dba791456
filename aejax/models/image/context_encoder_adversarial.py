"""Context encoders with an adversary: filled holes that look like the image's own."""

from __future__ import annotations

from typing import Any

from aejax.losses import adversarial
from aejax.losses.masked import inpainting_discriminator_term, inpainting_generator_term
from aejax.models.builder import builder
from aejax.models.image.context_encoder import inpainting
from aejax.models.image.image_parts import image_shape
from aejax.models.parts import Features, make_likelihood
from aejax.nets.convolutional import conv_net, stack
from aejax.types import Autoencoder


@builder
def context_encoder_adversarial(
    features: Features,
    latent: int = 64,
    widths: tuple[int, ...] = (32, 64),
    kernel_size: int = 4,
    stride: int = 2,
    mask: str = "block",
    fill: str = "mean",
    overlap: int = 1,
    norm_groups: int = 0,
    activation: str = "leaky_relu",
    likelihood: str = "gaussian",
    discriminator_widths: tuple[int, ...] = (32, 64),
    init: str = "glorot_uniform",
) -> Autoencoder:
    """A context encoder whose filled holes must also pass a critic. Pathak 2016, eq. 2 and 3.

    Equation: min_F L_rec - lambda E log D(F(x)), max_D E log D(x) + E log(1 - D(F(x))), D on the
    predicted region. The paper's weights are .999 for the mean squared error and .001 for the
    adversary: against a sum over N values in nats that is a lambda of about N / 2000, N those of
    the hole and its band; the default, .02, fits 8x8 images.

    Args:
      discriminator_widths: channels of its strided convolutions.
      Others and errors: as in `context_encoder`; `w_adversarial_nats` (lambda) and
        `lr_discriminator` (a tenth of `lr` in the authors' program) are swept.
    """
    name = "context_encoder_adversarial"
    shape = image_shape(name, features)
    layers: dict[str, Any] = {"kernel": kernel_size, "stride": stride, "init": init}
    spec = stack(shape, widths, norm_groups=norm_groups, activation=activation, **layers)
    critic = conv_net(stack(shape, discriminator_widths, activation="leaky_relu", **layers), 1)
    p_x = make_likelihood(likelihood)
    return inpainting(
        name,
        " - lambda E log D(F(x)); max_D E log D(x) (1 - D(F(x)))",
        spec,
        latent,
        p_x,
        mask,
        fill,
        overlap,
        terms={
            "adversarial_nats": (inpainting_generator_term(critic, p_x, overlap), 0.02, "lambda"),
            "discriminator_nats": (inpainting_discriminator_term(critic, p_x, overlap), 1.0),
        },
        modules=lambda key, x: {adversarial.MODULE: critic.init(key, x)},
        groups=adversarial.GROUPS,
    )
