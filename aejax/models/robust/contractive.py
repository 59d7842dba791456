"""The contractive autoencoder: a penalty on the encoder's Jacobian."""

from __future__ import annotations

from aejax.compose import compose
from aejax.latents.deterministic import deterministic
from aejax.losses import jacobian_term
from aejax.models.builder import builder
from aejax.models.parts import Features, example_shape, make_likelihood, make_nets
from aejax.types import Autoencoder


@builder
def contractive(
    features: Features,
    latent: int = 64,
    widths: tuple[int, ...] = (256,),
    activation: str = "sigmoid",
    likelihood: str = "gaussian",
    code_activation: str = "identity",
    method: str = "auto",
    probes: int = 1,
    tied: bool = False,
    init: str = "glorot_uniform",
    net: str = "dense",
) -> Autoencoder:
    """An autoencoder with lambda ||J_f(x)||_F^2 added. Rifai et al. 2011 (ICML), eq. 1.

    Equation: min E[-log p(x | g(f(x))) + lambda ||J_f(x)||_F^2].

    The paper's single layer is `widths=(), code_activation="sigmoid", tied=True`, overcomplete; a
    small sigmoid code without tied weights saturates within steps, with or without the penalty.

    Args:
      method: how the norm is computed: auto (the cheapest exact one), jacfwd, jacrev, gram,
        closed_form (one layer) or hutchinson (`probes` random directions, unbiased).
      Others and errors: as in `undercomplete`.
    """
    shape = example_shape(features)
    space, p_x = deterministic(latent), make_likelihood(likelihood)
    nets = make_nets(
        shape,
        space,
        p_x,
        net,
        0,
        widths,
        activation,
        code_activation=code_activation,
        tied=tied,
        init=init,
    )
    return compose(
        name="contractive",
        paper="Rifai 2011 (ICML)",
        equation="min E[-log p(x | g(f(x))) + lambda ||J_f(x)||_F^2]",
        shape=shape,
        nets=nets,
        space=space,
        likelihood=p_x,
        terms={"jacobian_sq": (jacobian_term(nets, method=method, probes=probes), 0.1, "lambda")},
    )
