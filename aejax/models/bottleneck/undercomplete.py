"""The plain autoencoder with a code smaller than its input."""

from __future__ import annotations

from aejax.compose import compose
from aejax.latents.deterministic import deterministic
from aejax.models.builder import builder
from aejax.models.parts import Features, dense_nets, example_shape, make_likelihood
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

    Raises:
      ConfigError: unknown names, sizes below 1.
    """
    shape = example_shape(features)
    space, p_x = deterministic(latent), make_likelihood(likelihood)
    return compose(
        name="undercomplete",
        paper="Rumelhart, Hinton & Williams 1986",
        equation="min E[-log p(x | g(f(x)))]",
        shape=shape,
        nets=dense_nets(
            shape,
            space,
            p_x,
            widths=widths,
            activation=activation,
            code_activation=code_activation,
            tied=tied,
            init=init,
        ),
        space=space,
        likelihood=p_x,
    )
