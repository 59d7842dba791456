"""Linear autoencoders: principal component analysis, found by gradients.

Long because: three models that are read side by side.
"""

from __future__ import annotations

from typing import Any

from aejax.compose import compose
from aejax.latents.deterministic import deterministic
from aejax.losses.weights import l2_term
from aejax.models.builder import builder
from aejax.models.parts import Features, dense_nets, example_shape, make_likelihood
from aejax.types import Autoencoder


def _linear(
    features: Features, latent: int, likelihood: str, init: str, tied: bool = False, **parts: Any
) -> Autoencoder:
    shape = example_shape(features)
    space, p_x = deterministic(latent), make_likelihood(likelihood)
    nets = dense_nets(shape, space, p_x, widths=(), activation="identity", tied=tied, init=init)
    return compose(shape=shape, nets=nets, space=space, likelihood=p_x, **parts)


@builder
def linear(
    features: Features,
    latent: int = 32,
    likelihood: str = "gaussian",
    init: str = "glorot_uniform",
) -> Autoencoder:
    """One affine layer each way. Bourlard & Kamp 1988; Baldi & Hornik 1989.

    Equation: min E||x - W2 (W1 x + b1) - b2||^2 / 2. Every minimum spans the first k principal
    directions, W2 W1 being the projection on them, and every other critical point is a saddle. The
    directions themselves are not found: (W1, W2) and (G W1, W2 G^-1) have the same loss. With
    likelihood="bernoulli" the decoder emits logits: a logistic PCA with a linear encoder.

    Args and errors: as in `undercomplete`.
    """
    return _linear(
        features,
        latent,
        likelihood,
        init,
        name="linear",
        paper="Bourlard & Kamp 1988; Baldi & Hornik 1989",
        equation="min E||x - W2 (W1 x + b1) - b2||^2 / 2",
    )


@builder
def linear_tied(
    features: Features,
    latent: int = 32,
    likelihood: str = "gaussian",
    init: str = "glorot_uniform",
) -> Autoencoder:
    """One affine layer and its transpose. Baldi & Hornik 1989; Oja 1982 for the subspace rule.

    Equation: min E||x - W^T (W x + b1) - b2||^2 / 2. At a minimum W has orthonormal rows, which
    span the principal subspace; they are found up to a rotation.

    Args and errors: as in `undercomplete`, and a likelihood with one output a feature.
    """
    return _linear(
        features,
        latent,
        likelihood,
        init,
        tied=True,
        name="linear_tied",
        paper="Baldi & Hornik 1989; Oja 1982",
        equation="min E||x - W^T (W x + b1) - b2||^2 / 2",
    )


@builder
def linear_l2(
    features: Features,
    latent: int = 32,
    likelihood: str = "gaussian",
    init: str = "glorot_uniform",
) -> Autoencoder:
    """A linear autoencoder with L2 on both sides, which finds the directions. Kunin et al. 2019.

    Equation: min E||x - W2 W1 x||^2 / 2 + lambda (||W1||_F^2 + ||W2||_F^2) / 2; biases are free. At
    the minimum W1 = W2^T (theorem 1), the decoder's left singular vectors are the principal
    directions, and its singular values s_i give those of the data, divided by sqrt(N), as
    sqrt(lambda / (1 - s_i^2)); directions whose variance is below lambda vanish (theorem 2).

    Args and errors: as in `undercomplete`; `w_l2` (lambda) is swept without recompiling.
    """
    return _linear(
        features,
        latent,
        likelihood,
        init,
        terms={"l2": (l2_term("encoder", "decoder"), 0.1, "lambda")},
        name="linear_l2",
        paper="Kunin et al. 2019",
        equation="min E||x - W2 W1 x||^2 / 2 + lambda (||W1||^2 + ||W2||^2) / 2",
    )
