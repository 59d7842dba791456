"""The masked autoencoder: a transformer that sees a fourth of the patches and predicts the rest."""

from __future__ import annotations

import jax.numpy as jnp

from aejax.compose import compose
from aejax.corruptions.masks import hide_patches
from aejax.errors import lookup
from aejax.latents.deterministic import structured
from aejax.losses import masked
from aejax.models.builder import builder
from aejax.models.image.image_parts import image_shape
from aejax.models.parts import Features, make_likelihood
from aejax.nets.activations import INITIALISERS
from aejax.nets.transformer import masked_transformer, patches
from aejax.types import Autoencoder


@builder
def masked_autoencoder(
    features: Features,
    latent: int = 32,
    patch: int = 2,
    mask_ratio: float = 0.75,
    depth: int = 2,
    heads: int = 4,
    decoder_width: int = 32,
    decoder_depth: int = 1,
    likelihood: str = "gaussian",
    init: str = "glorot_uniform",
) -> Autoencoder:
    """Predicts the hidden patches of an image from the visible ones. He et al. 2022, section 3.

    Equation: min E_M[-log p(x_M | g(f(x_{not M}), M))], M a random choice of patches: f computes
    with the visible ones alone, g puts a learned token where one is missing. `rec_nats` is of the
    hidden pixels; `visible_nats`, of the others, has weight 0 as in the paper and can be swept.

    In evaluation, without a key, f sees all patches: `encode(variables, x).mean` is the mean of all
    tokens (He 2022 use a class token or this mean). The reconstruction of an image seen whole, and
    so `mse_per_image`, is then of pixels that were never scored, unless `w_visible_nats` is
    above 0; read `rec_nats`. The pixels are not normalised by patch.

    Args:
      features: (height, width, channels).
      latent: width of the encoder's tokens and so of the code, a multiple of 4 and of the heads.
      patch: side of the patches.
      mask_ratio: share of the patches that is hidden; it decides shapes and is no traced value.
      depth, heads: of the encoder; the decoder has as many heads.
      decoder_width, decoder_depth: of the decoder.
      likelihood, init: as in `undercomplete`.

    Raises:
      ConfigError: a vector instead of an image, patches that do not divide it, a ratio that hides
        all or none, widths that the heads do not divide.
    """
    shape, p_x = image_shape("masked_autoencoder", features), make_likelihood(likelihood)
    lookup("init", init, INITIALISERS)
    cut = patches(shape, patch, mask_ratio)
    return compose(
        name="masked_autoencoder",
        paper="He 2022",
        equation="min E_M[-log p(x_M | g(f(x_{not M}), M))]",
        shape=shape,
        nets=masked_transformer(
            cut,
            width=latent,
            depth=depth,
            heads=heads,
            decoder_width=decoder_width,
            decoder_depth=decoder_depth,
            out_channels=shape[2] * p_x.outputs,
            init=init,
        ),
        space=structured(latent, lambda h: jnp.mean(h.tokens, axis=1)),
        likelihood=p_x,
        corruption=hide_patches(cut),
        terms={
            "rec_nats": (masked.masked_term(p_x), 1.0),
            "visible_nats": (masked.masked_term(p_x, masked.visible), 0.0),
        },
    )
