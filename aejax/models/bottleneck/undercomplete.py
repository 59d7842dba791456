"""The plain autoencoder with a code smaller than its input."""

from __future__ import annotations

from aejax.compose import compose
from aejax.latents.deterministic import deterministic
from aejax.models.builder import builder
from aejax.models.parts import ConditionArg, Features, example_shape, make_likelihood, make_nets
from aejax.types import Autoencoder


@builder
def undercomplete(
    features: Features,
    latent: int = 32,
    widths: tuple[int, ...] = (256,),
    activation: str = "relu",
    likelihood: str = "gaussian",
    code_activation: str = "identity",
    tied: bool = False,
    init: str = "glorot_uniform",
    net: str = "dense",
    condition: ConditionArg = 0,
) -> Autoencoder:
    """An autoencoder whose bottleneck is its only constraint. Rumelhart, Hinton & Williams 1986.

    Equation: min E[-log p(x | g(f(x)))]. With `widths=()` and the Gaussian likelihood it is linear
    and its optimum is the principal subspace (Baldi & Hornik 1989); see also `linear`.

    Args:
      features: size D of an example, or its shape.
      latent: size of the code.
      widths: hidden widths of the encoder; the decoder mirrors them.
      activation: hidden activation.
      likelihood: a name of LIKELIHOODS.
      code_activation: activation of the code.
      tied: decode with the encoder's transposed kernels.
      init: a name of INITIALISERS.
      net: dense, or conv or resnet for images (height, width, channels) of any size: convolutions
        by strides, then `widths` between the last maps and the code; see `aejax.nets.choice`.
      condition: what encoder and decoder are told beside each example: 0 nothing, K a label of K
        classes, (D,) a vector of D numbers. `fit` and all that reads rows or codes then take
        `condition=`, and samples are of the condition that is asked for.

    Raises:
      ConfigError: unknown names, sizes below 1, tied weights in a net that is no mirrored MLP.
    """
    shape = example_shape(features)
    space, p_x = deterministic(latent), make_likelihood(likelihood)
    return compose(
        name="undercomplete",
        paper="Rumelhart, Hinton & Williams 1986",
        equation="min E[-log p(x | g(f(x)))]",
        shape=shape,
        nets=make_nets(
            shape,
            space,
            p_x,
            net,
            condition,
            widths,
            activation,
            code_activation=code_activation,
            tied=tied,
            init=init,
        ),
        space=space,
        likelihood=p_x,
    )
