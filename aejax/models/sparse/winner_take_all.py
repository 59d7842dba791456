"""The winner-take-all autoencoder: sparsity of each unit over its lifetime."""

from __future__ import annotations

from aejax.compose import compose
from aejax.latents.sparse import lifetime
from aejax.models.builder import builder
from aejax.models.parts import Features, dense_nets, example_shape, make_likelihood
from aejax.types import Autoencoder


@builder
def winner_take_all(
    features: Features,
    latent: int = 256,
    widths: tuple[int, ...] = (),
    activation: str = "relu",
    likelihood: str = "gaussian",
    tied: bool = False,
    init: str = "glorot_uniform",
) -> Autoencoder:
    """Each unit is kept on the examples of a batch that move it most. Makhzani & Frey 2015, FC-WTA.

    Equation: min ||x - W z - b'||^2, z_bj = f_j(x_b) if among unit j's round(rate B) largest of the
    batch, else 0. The decoder is linear; no unit can die, since each must win somewhere.

    `encode(...).mean` without a key is relu(f(x)), the paper's features; `z`, which the decoder
    gets then, is cut at each unit's moving threshold, so that an example's reconstruction does not
    depend on its batch.

    Args and errors: as in `undercomplete`; the traced `lifetime` is the rate.
    """
    shape = example_shape(features)
    space, p_x = lifetime(latent), make_likelihood(likelihood)
    return compose(
        name="winner_take_all",
        paper="Makhzani & Frey 2015",
        equation="min ||x - W z - b'||^2, z_bj = f_j(x_b) on unit j's top rate * B examples",
        shape=shape,
        nets=dense_nets(
            shape,
            space,
            p_x,
            widths=widths,
            activation=activation,
            tied=tied,
            init=init,
            decoder_widths=None if tied else (),
        ),
        space=space,
        likelihood=p_x,
    )
