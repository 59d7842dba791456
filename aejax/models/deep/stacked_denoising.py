"""Denoising autoencoders, trained layer by layer on noise, then as a whole."""

from __future__ import annotations

from aejax.compose import compose, reconstruction
from aejax.corruptions.noise import CORRUPTIONS
from aejax.errors import ConfigError, lookup
from aejax.latents.deterministic import deterministic
from aejax.losses import emphasis
from aejax.models.builder import builder
from aejax.models.parts import Features, dense_nets, example_shape, make_likelihood
from aejax.pretraining import layerwise as stacking
from aejax.types import Autoencoder


@builder
def stacked_denoising(
    features: Features,
    latent: int = 64,
    widths: tuple[int, ...] = (256,),
    activation: str = "sigmoid",
    likelihood: str = "bernoulli",
    corruption: str = "masking",
    code_activation: str = "sigmoid",
    pretraining: float = 0.5,
    tied: bool = False,
    init: str = "glorot_uniform",
) -> Autoencoder:
    """Denoising autoencoders, one on another, then fine-tuned as one. Vincent et al. 2008, 2010.

    Equation: min E[alpha sum_{i corrupted} l_i + beta sum_{i intact} l_i], l_i = -log p(h_i | out),
    h = f_{k-1}(..f_1(x)), first for each layer k with those below fixed, then for the whole on x.

    Args:
      features, latent, widths, activation, likelihood, tied, init: as in `undercomplete`.
      corruption: masking, gaussian, salt_and_pepper or none, of each layer's input; its level is
        the traced `corruption` (the fraction nu, or the standard deviation sigma).
      code_activation: of the top layer.
      pretraining: the layers' part of all steps, in equal shares; 0 is the control without it.

    Raises:
      ConfigError: unknown names, sizes below 1, pretraining outside [0, 1).
    """
    shape = example_shape(features)
    space, p_x = deterministic(latent), make_likelihood(likelihood)
    noise = lookup("corruption", corruption, CORRUPTIONS)()
    if not 0 <= pretraining < 1:
        raise ConfigError(f"pretraining={pretraining!r} is out of range. Allowed: 0 to below 1.")
    noisy = bool(noise.hparams)
    terms = {}
    if noisy:  # rec_nats is reported; what is trained is its emphasised form
        terms = {
            "rec_nats": (reconstruction(p_x), 0.0),
            "emphasised_nats": (emphasis.emphasised_term(p_x), 1.0),
        }
    return compose(
        name="stacked_denoising",
        paper="Vincent 2008, 2010",
        equation="min E[alpha sum_{i corrupted} l_i + beta sum_{i intact} l_i], by layer, then all",
        shape=shape,
        nets=dense_nets(shape, space, p_x, widths=widths, activation=activation,
                        code_activation=code_activation, tied=tied, init=init),
        space=space,
        likelihood=p_x,
        corruption=noise,
        terms=terms,
        hparams=emphasis.HPARAMS if noisy else (),
        stages=stacking.stages(len(widths) + 1, pretraining) if pretraining else None,
    )  # fmt: skip
