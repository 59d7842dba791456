"""The k-sparse autoencoder: a linear code of which the k largest units are kept."""

from __future__ import annotations

from aejax.compose import compose
from aejax.latents.sparse import k_sparse as k_largest
from aejax.models.builder import builder
from aejax.models.parts import Features, dense_nets, example_shape, make_likelihood
from aejax.types import Autoencoder


@builder
def k_sparse(
    features: Features,
    latent: int = 1000,
    k: int = 25,
    likelihood: str = "gaussian",
    tied: bool = True,
    init: str = "normal_0.01",
) -> Autoencoder:
    """Linear units, tied weights, the k largest kept, and alpha * k at evaluation. Makhzani 2013.

    Equation: min ||x - W z_S - b'||^2, z = W^T x + b, S the k largest of z (signed, not absolute).

    In training k falls linearly from `k_start` to `k` over `k_steps` steps, without which a small k
    leaves many units dead; the paper takes half of the run. `encode` without a key keeps alpha * k
    units (alpha * k is clipped to the code's size). Whatever the ties, exactly so many are kept.

    Args:
      k: default of the traced `k`; `k_start` is 4 k by default, as in the paper's example.
      Others and errors: as in `undercomplete`; also ConfigError where k is over `latent`.
    """
    shape = example_shape(features)
    space, p_x = k_largest(latent, k), make_likelihood(likelihood)
    return compose(
        name="k_sparse",
        paper="Makhzani & Frey 2013",
        equation="min ||x - W z_S - b'||^2, z = W^T x + b, S = the k largest of z",
        shape=shape,
        nets=dense_nets(shape, space, p_x, widths=(), activation="identity", tied=tied, init=init),
        space=space,
        likelihood=p_x,
    )
