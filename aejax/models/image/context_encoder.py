"""Context encoders: predict a hole in the image from what is around it.

Long because: the model and its adversarial twin share one composition.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aejax.compose import Weighted, compose
from aejax.corruptions.masks import hide
from aejax.errors import check_at_least
from aejax.latents.deterministic import deterministic
from aejax.losses.masked import band, masked_term
from aejax.models.builder import builder
from aejax.models.image.image_parts import image_shape
from aejax.models.parts import Features, make_likelihood
from aejax.nets.convolutional import Stack, convolutional, stack
from aejax.types import Autoencoder, Likelihood


@builder
def context_encoder(
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
    init: str = "glorot_uniform",
) -> Autoencoder:
    """Sees an image with a hole and is scored inside the hole. Pathak 2016, eq. 1.

    Equation: min E[-log p(M x | F((1 - M) x))], M = 1 in the hole: the squared error for the
    Gaussian. `rec_nats` is the hole's; `overlap_nats` that of a band of visible pixels around it,
    ten times heavier (section 4.1), which ties the patch to its surroundings.

    Args:
      mask: block (the centre), random_block or random_region; its share of the area is the traced
        `mask_fraction`, a fourth by default.
      fill: what the encoder sees in the hole: mean (of the visible pixels) or zero.
      overlap: width of the band in pixels, or 0 for none; the paper has 7 of 227.
      Others and errors: as in `convolutional`. `aejax.evaluate.inpainting` fills any hole.
    """
    shape = image_shape("context_encoder", features)
    spec = stack(
        shape,
        widths,
        kernel=kernel_size,
        stride=stride,
        norm_groups=norm_groups,
        activation=activation,
        init=init,
    )
    return inpainting(
        "context_encoder", "", spec, latent, make_likelihood(likelihood), mask, fill, overlap
    )


def inpainting(
    name: str,
    game: str,
    spec: Stack,
    latent: int,
    likelihood: Likelihood,
    mask: str,
    fill: str,
    overlap: int,
    terms: Mapping[str, Weighted] | None = None,
    **parts: Any,
) -> Autoencoder:
    """Composes a context encoder; `terms`, `parts` and `game` (its equation) are an adversary's."""
    check_at_least("overlap", overlap, 0)
    space = deterministic(latent)
    own: dict[str, Weighted] = {"rec_nats": (masked_term(likelihood), 1.0)}
    if overlap:
        own["overlap_nats"] = (masked_term(likelihood, band(overlap)), 10.0)
    channels = spec.shape[2] * likelihood.outputs
    return compose(
        name=name,
        paper="Pathak 2016",
        equation="min E[-log p(M x | F((1 - M) x))]" + game,
        shape=spec.shape,
        nets=convolutional(spec, latent=latent, outputs=space.outputs, out_channels=channels),
        space=space,
        likelihood=likelihood,
        corruption=hide(mask, fill),
        terms=own | dict(terms or {}),
        **parts,
    )
