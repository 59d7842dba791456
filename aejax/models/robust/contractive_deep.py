"""The deep contractive autoencoder: an exact penalty on the Jacobian of several layers."""

from __future__ import annotations

from aejax.compose import compose
from aejax.latents.deterministic import deterministic
from aejax.losses import jacobian_term
from aejax.losses.jacobian.layers import layerwise_jacobian_term
from aejax.losses.jacobian.norm import check_method
from aejax.models.builder import builder
from aejax.models.parts import Features, dense_nets, example_shape, make_likelihood
from aejax.types import Autoencoder


@builder
def contractive_deep(
    features: Features,
    latent: int = 64,
    widths: tuple[int, ...] = (256, 128),
    activation: str = "sigmoid",
    likelihood: str = "gaussian",
    code_activation: str = "sigmoid",
    method: str = "auto",
    probes: int = 1,
    tied: bool = False,
    init: str = "glorot_uniform",
) -> Autoencoder:
    """lambda ||J_f(x)||_F^2 of an encoder of several layers. Rifai 2011 (ICML); Gu & Rigazio 2014.

    Equation: min E[-log p(x | g(f(x))) + lambda ||J_f(x)||_F^2 + mu sum_l ||d h_l/d h_(l-1)||_F^2],
    f = f_N o ... o f_1. The first penalty is that of the whole encoder, exact; the second, off by
    default, is the layer-wise stand-in of Gu & Rigazio: a weight of zero leaves the other alone.

    Args:
      widths: hidden widths; with () it is `contractive`.
      Others and errors: as in `contractive`; also a method that is not for so many layers.
    """
    shape = example_shape(features)
    check_method(method, probes=probes, has_layers=True, has_key=True, depth=len(widths) + 1)
    space, p_x = deterministic(latent), make_likelihood(likelihood)
    nets = dense_nets(
        shape,
        space,
        p_x,
        widths=widths,
        activation=activation,
        code_activation=code_activation,
        tied=tied,
        init=init,
    )
    return compose(
        name="contractive_deep",
        paper="Rifai 2011 (ICML); Gu & Rigazio 2014",
        equation="min E[-log p(x | g(f(x))) + lambda ||J_f(x)||_F^2], f = f_N o ... o f_1",
        shape=shape,
        nets=nets,
        space=space,
        likelihood=p_x,
        terms={
            "jacobian_sq": (jacobian_term(nets, method=method, probes=probes), 0.1, "lambda"),
            "layer_jacobian_sq": (layerwise_jacobian_term(nets), 0.0, "mu"),
        },
    )
