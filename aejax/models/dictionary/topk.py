"""TopK sparse autoencoder: a dictionary of unit directions, k of them an example."""

from __future__ import annotations

from math import prod

from aejax.compose import compose
from aejax.latents.sparse import top_k
from aejax.latents.sparse.auxiliary import auxk_hparams, auxk_term
from aejax.likelihoods.pixels import gaussian
from aejax.models.builder import builder
from aejax.models.parts import Features, example_shape
from aejax.nets import dictionary
from aejax.types import Autoencoder, LatentSpace


@builder
def topk(features: Features, latent: int = 512, k: int = 32) -> Autoencoder:
    """The k largest rectified units, and an auxiliary loss that revives the dead. Gao et al. 2024.

    Equation: min ||x - x_hat||^2 + alpha ||e - e_hat||^2, x_hat = W_dec z + b,
    z = relu(TopK(W_enc (x - b) + b_enc)), e = x - x_hat, e_hat = W_dec z_aux from the k_aux largest
    units among those silent for `dead_after` examples. W_dec has rows of length one. Both squared
    errors are halved here, which leaves alpha the paper's.

    The paper starts b at the data's geometric median; here it starts at zero and is learned, since
    `init` sees no data.

    Args:
      features: size D of an example, or its shape.
      latent: L, the number of directions.
      k: default of the traced `k`: exactly so many units are kept, whatever the ties.

    Raises:
      ConfigError: sizes below 1, or k over `latent`.
    """
    return with_auxk(
        "topk",
        "Gao 2024",
        "min ||x - W_dec z - b||^2 + alpha ||e - e_hat||^2, z = relu(TopK(W_enc (x - b) + b_enc))",
        features,
        top_k(latent, k),
    )


def with_auxk(
    name: str, paper: str, equation: str, features: Features, space: LatentSpace
) -> Autoencoder:
    """Returns the dictionary with that latent space and the auxiliary loss of Gao et al. 2024."""
    shape = example_shape(features)
    nets = dictionary(shape, space.size)
    return compose(
        name=name,
        paper=paper,
        equation=equation,
        shape=shape,
        nets=nets,
        space=space,
        likelihood=gaussian(),
        terms={"auxk_nats": (auxk_term(nets), 1 / 32, "alpha")},
        hparams=auxk_hparams(prod(shape)),
    )
