"""The convolutional autoencoder with max-pooling, and unpooling to where the maxima were."""

from __future__ import annotations

from math import prod

from aejax.compose import compose
from aejax.corruptions.noise import CORRUPTIONS
from aejax.errors import lookup
from aejax.latents.deterministic import structured
from aejax.models.builder import builder
from aejax.models.image.image_parts import image_shape
from aejax.models.parts import Features, make_likelihood
from aejax.nets.pooling import pooled
from aejax.types import Autoencoder


@builder
def convolutional_pooled(
    features: Features,
    widths: tuple[int, ...] = (16, 32),
    kernel_size: int = 3,
    pool: int = 2,
    switches: bool = True,
    tied: bool = True,
    activation: str = "tanh",
    likelihood: str = "gaussian",
    init: str = "glorot_uniform",
    corruption: str = "none",
) -> Autoencoder:
    """Max-pooling in the encoder, unpooling in the decoder. Masci 2011; Zeiler 2010.

    Equation: h_k = pool(s(sum_c x_c * W_ck + b_k)), y_c = s(sum_k unpool(h_k) * flip(W_ck) + b'_c)
    (Masci 2011, eq. 3 and 4: the flipped kernels of the encoder, tied), min E[-log p(x | y)].

    The switches (Zeiler 2010) say where in its window each maximum was: a part of what the decoder
    gets (`Latent.z` is a `Pooled(maps, switches)`), but not of the code that probes and figures
    read (`Latent.mean`: the pooled maps, flattened). A comparison of code sizes has to count them:
    2 bits a value and layer where pool is 2. All layers are trained at once, where Masci et al.
    train them one by one.

    Args:
      features: (height, width, channels).
      widths: channels by layer.
      kernel_size: side of the kernels; Masci et al. have 5 and 3.
      pool: side of the pooling windows, which do not overlap.
      switches: False repeats each value over its window instead.
      tied: decode with the encoder's kernels.
      activation, likelihood, init: as in `undercomplete`; tanh is Masci's.
      corruption: of the input, as in `denoising`; Masci et al. compare filters with and without.

    Raises:
      ConfigError: a vector instead of an image, switches without pooling, more pooling than the
        image has pixels for, tied kernels with a likelihood of two numbers a feature.
    """
    shape, p_x = image_shape("convolutional_pooled", features), make_likelihood(likelihood)
    nets, maps = pooled(
        shape,
        widths,
        out_channels=shape[2] * p_x.outputs,
        kernel=kernel_size,
        pool=pool,
        switches=switches,
        tied=tied,
        activation=activation,
        init=init,
    )
    return compose(
        name="convolutional_pooled",
        paper="Masci 2011; Zeiler 2010",
        equation="h_k = pool(s(x * W_k + b_k)), y = unpool(h, switches) * flip(W) + b'",
        shape=shape,
        nets=nets,
        space=structured(prod(maps), lambda h: h.maps.reshape(h.maps.shape[0], -1)),
        likelihood=p_x,
        corruption=lookup("corruption", corruption, CORRUPTIONS)(),
    )
