"""The denoising autoencoder of what users like, with a multinomial likelihood."""

from __future__ import annotations

from aejax.compose import compose
from aejax.corruptions.dropout import unit_dropout
from aejax.latents.deterministic import deterministic
from aejax.losses.weights import l2_term
from aejax.models.builder import builder
from aejax.models.collaborative.user_parts import unit_nets
from aejax.models.parts import Features, example_shape, make_likelihood
from aejax.types import Autoencoder


@builder
def mult_dae(
    features: Features,
    latent: int = 200,
    widths: tuple[int, ...] = (),
    activation: str = "tanh",
    init: str = "glorot_uniform",
) -> Autoencoder:
    """Ranks all items by one softmax, from a part of what a user likes. Liang et al. 2018.

    Equation: min E[-sum_i x_i log softmax(g(f(drop(x / |x|))))_i] + lambda/2 |W|^2.

    A row is a user, a feature an item; x is 1 where the user likes it. The first of
    `aejax.decode`'s items that are not in x are the recommendations.

    Args:
      features: items.
      latent: size of the code, which has the hidden activation, as in the published code.
      widths: hidden widths of the encoder before it; the decoder mirrors them.
      activation: of hidden layers and code.
      init: a name of INITIALISERS.

    Raises:
      ConfigError: unknown names, sizes below 1.

    `corruption` (the dropout) and `w_l2` (lambda; the paper's .01 for batches of 500) are swept
    without recompiling. ML-20M, NDCG@100: .419 (table 2).
    """
    shape = example_shape(features)
    space, p_x = deterministic(latent), make_likelihood("multinomial")
    return compose(
        name="mult_dae",
        paper="Liang 2018",
        equation="min E[-sum_i x_i log softmax(g(f(drop(x / |x|))))_i] + lambda/2 |W|^2",
        shape=shape,
        nets=unit_nets(
            shape,
            widths=widths,
            latent=space.size,
            outputs=space.outputs,
            activation=activation,
            code_activation=activation,
            init=init,
        ),
        space=space,
        likelihood=p_x,
        corruption=unit_dropout(),
        terms={"l2": (l2_term("encoder", "decoder"), 4e-5, "lambda")},
    )
