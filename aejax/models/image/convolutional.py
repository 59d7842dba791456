"""The convolutional autoencoder: strides down, transposed convolutions back up."""

from __future__ import annotations

from aejax.compose import compose
from aejax.corruptions.noise import CORRUPTIONS
from aejax.errors import check_names, lookup
from aejax.latents.deterministic import deterministic, of_maps
from aejax.models.builder import builder
from aejax.models.image.image_parts import image_shape
from aejax.models.parts import Features, make_likelihood
from aejax.nets.convolutional import convolutional as conv_nets
from aejax.nets.convolutional import stack
from aejax.types import Autoencoder


@builder
def convolutional(
    features: Features,
    latent: int = 32,
    widths: tuple[int, ...] = (32, 64),
    kernel_size: int = 4,
    stride: int = 2,
    norm_groups: int = 0,
    activation: str = "relu",
    likelihood: str = "gaussian",
    code_activation: str = "identity",
    init: str = "glorot_uniform",
    corruption: str = "none",
) -> Autoencoder:
    """An autoencoder of images, translation by translation. Masci 2011; strides: Springenberg 2015.

    Equation: min E[-log p(x | g(f(x)))], f and g with h_k = s(sum_c x_c * W_ck + b_k) (Masci 2011,
    eq. 3), sub-sampled by strides and led back by transposed convolutions through the same sizes,
    odd ones included. `norm_groups` puts a group norm (Wu & He 2018) after each hidden convolution.

    Args:
      features: (height, width, channels); channels come last, any number of them.
      latent: size of the code, a dense layer on the last maps; 0: the code is the maps themselves,
        and no layer is dense (Mao, Shen & Yang 2016, who restore images with such nets).
      widths: channels of the encoder's layers; the decoder mirrors them.
      kernel_size: side of the kernels.
      stride: of every layer, with SAME padding.
      norm_groups: groups of the group norm, or 0 for none.
      activation, likelihood, code_activation, init: as in `undercomplete`.
      corruption: of the input, as in `denoising`.

    Raises:
      ConfigError: a vector instead of an image, more strides than the image has pixels for, groups
        that do not divide the channels, unknown names, sizes below 1, an activation of a code of
        maps.
    """
    shape = image_shape("convolutional", features)
    p_x = make_likelihood(likelihood)
    spec = stack(
        shape,
        widths,
        kernel=kernel_size,
        stride=stride,
        norm_groups=norm_groups,
        activation=activation,
        init=init,
    )
    if not latent:
        check_names("latent=0, code_activation", [code_activation], ["identity"])
    space = deterministic(latent) if latent else of_maps(spec.maps)
    return compose(
        name="convolutional",
        paper="Masci 2011; Wu & He 2018 (group norm)",
        equation="min E[-log p(x | g(f(x)))], h_k = s(x * W_k + b_k) at every stride-th pixel",
        shape=shape,
        nets=conv_nets(
            spec,
            latent=space.size if latent else 0,
            outputs=space.outputs if latent else 0,
            out_channels=shape[2] * p_x.outputs,
            code_activation=code_activation,
        ),
        space=space,
        likelihood=p_x,
        corruption=lookup("corruption", corruption, CORRUPTIONS)(),
    )
