"""Denoising autoencoders: reconstruct the clean input from a corrupted one."""

from __future__ import annotations

from aejax.compose import compose
from aejax.corruptions.noise import CORRUPTIONS
from aejax.errors import lookup
from aejax.latents.deterministic import deterministic
from aejax.models.builder import builder
from aejax.models.parts import ConditionArg, Features, example_shape, make_likelihood, make_nets
from aejax.types import Autoencoder


@builder
def denoising(
    features: Features,
    latent: int = 64,
    widths: tuple[int, ...] = (256,),
    activation: str = "relu",
    likelihood: str = "gaussian",
    corruption: str = "masking",
    code_activation: str = "identity",
    tied: bool = False,
    init: str = "glorot_uniform",
    net: str = "dense",
    condition: ConditionArg = 0,
) -> Autoencoder:
    """An autoencoder that sees a corrupted input and is scored on the clean one. Vincent 2008,
    2010.

    Equation: min E_x E_{x~ ~ C(.|x)}[-log p(x | g(f(x~)))].

    Args:
      corruption: masking, gaussian, salt_and_pepper or none; its level is the traced `corruption`
        (the fraction nu, or the standard deviation sigma).
      Others and errors: as in `undercomplete`.
    """
    shape = example_shape(features)
    space, p_x = deterministic(latent), make_likelihood(likelihood)
    return compose(
        name="denoising",
        paper="Vincent 2008, 2010",
        equation="min E[-log p(x | g(f(x~)))], x~ ~ C(. | x)",
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
        corruption=lookup("corruption", corruption, CORRUPTIONS)(),
    )
