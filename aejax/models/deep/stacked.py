"""Plain autoencoders, trained layer by layer, then as a whole."""

from __future__ import annotations

from aejax.models.builder import builder
from aejax.models.deep.stacked_denoising import stacked_denoising
from aejax.models.parts import Features
from aejax.types import Autoencoder


@builder
def stacked(
    features: Features,
    latent: int = 64,
    widths: tuple[int, ...] = (256,),
    activation: str = "sigmoid",
    likelihood: str = "bernoulli",
    code_activation: str = "sigmoid",
    pretraining: float = 0.5,
    tied: bool = False,
    init: str = "glorot_uniform",
) -> Autoencoder:
    """Plain autoencoders, one on another, then fine-tuned as one. Bengio et al. 2007.

    Equation: min E[-log p(h | g_k(f_k(h)))] for each layer k, h = f_{k-1}(..f_1(x)), then for all.

    Args and errors: as in `stacked_denoising`.
    """
    model = stacked_denoising(
        features, latent, widths, activation, likelihood, "none", code_activation,
        pretraining, tied, init,
    )  # fmt: skip
    info = model.info._replace(
        name="stacked",
        paper="Bengio 2007",
        equation="min E[-log p(h | g_k(f_k(h)))] by layer k, then whole",
    )
    return model.replace(info=info)
