"""JumpReLU sparse autoencoders: every unit has a threshold that is learned."""

from __future__ import annotations

from aejax.compose import compose
from aejax.latents.sparse import jump_relu as jumping
from aejax.latents.sparse.gates import L0_WARMUP, l0_term
from aejax.likelihoods.pixels import gaussian
from aejax.models.builder import builder
from aejax.models.parts import Features, example_shape
from aejax.nets import dictionary
from aejax.types import Autoencoder


@builder
def jump_relu(features: Features, latent: int = 512, threshold: float = 0.1) -> Autoencoder:
    """Reconstruction plus lambda times the number of active units. Rajamanoharan et al. 2024b.

    Equation: min ||x - W_dec z - b||^2 / 2 + lambda ||z||_0, z = a H(a - theta),
    a = relu(W_enc (x - b) + b_enc). The squared error is in nats of a unit Gaussian, half of the
    paper's: a lambda of the paper's is w_l0 = lambda / 2 here. The step's missing
    derivative in theta is estimated by a rectangle kernel of width `bandwidth`, in units of a: the
    paper's .001 is for data of unit mean square norm and batches of thousands; a small batch wants
    more, but less than twice theta, or the kernel reaches zero and holds every silent unit.

    Args:
      features: size D of an example, or its shape.
      latent: L, the number of directions.
      threshold: where each theta begins.

    Raises:
      ConfigError: sizes below 1, or a threshold that is not above 0.
    """
    shape = example_shape(features)
    space = jumping(latent, threshold)
    return compose(
        name="jump_relu",
        paper="Rajamanoharan 2024b",
        equation="min ||x - W_dec z - b||^2 / 2 + lambda ||z||_0, z = a H(a - theta)",
        shape=shape,
        nets=dictionary(shape, latent),
        space=space,
        likelihood=gaussian(),
        terms={"l0": (l0_term(), 0.01, "lambda")},
        hparams=(L0_WARMUP,),
    )
