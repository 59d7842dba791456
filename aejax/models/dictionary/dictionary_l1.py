"""The first dictionary-learning autoencoder: unit directions, rectified units, an L1 penalty."""

from __future__ import annotations

from aejax.compose import compose
from aejax.latents.sparse import rectified
from aejax.likelihoods.pixels import gaussian
from aejax.losses import l1_term
from aejax.models.builder import builder
from aejax.models.parts import Features, example_shape
from aejax.nets import dictionary
from aejax.types import Autoencoder


@builder
def dictionary_l1(features: Features, latent: int = 512) -> Autoencoder:
    """What `topk`, `jump_relu` and `gated` are held against. Bricken et al. 2023.

    Equation: min ||x - W_dec z - b||^2 / 2 + lambda ||z||_1, z = relu(W_enc (x - b) + b_enc), rows
    of W_dec of length one. Every active unit is pulled towards zero: codes shrink, and so does
    x_hat. The squared error is in nats of a unit Gaussian, half of the paper's: a lambda of the
    paper's is w_l1 = lambda / 2 here.

    Args:
      features: size D of an example, or its shape.
      latent: L, the number of directions.

    Raises:
      ConfigError: sizes below 1.
    """
    shape = example_shape(features)
    return compose(
        name="dictionary_l1",
        paper="Bricken 2023",
        equation="min ||x - W_dec z - b||^2 / 2 + lambda ||z||_1, z = relu(W_enc (x - b) + b_enc)",
        shape=shape,
        nets=dictionary(shape, latent),
        space=rectified(latent),
        likelihood=gaussian(),
        terms={"l1": (l1_term(), 0.1, "lambda")},
    )
