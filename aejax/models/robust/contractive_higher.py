"""CAE+H: the contractive autoencoder whose Jacobian may not change quickly either."""

from __future__ import annotations

from aejax.compose import compose
from aejax.latents.deterministic import deterministic
from aejax.losses.jacobian.terms import SIGMA, higher_order_term, jacobian_term
from aejax.models.builder import builder
from aejax.models.parts import Features, example_shape, make_likelihood, make_nets
from aejax.types import Autoencoder


@builder
def contractive_higher(
    features: Features,
    latent: int = 64,
    widths: tuple[int, ...] = (),
    activation: str = "sigmoid",
    likelihood: str = "gaussian",
    code_activation: str = "sigmoid",
    samples: int = 4,
    tied: bool = False,
    init: str = "glorot_uniform",
    net: str = "dense",
) -> Autoencoder:
    """A penalty on the Jacobian and on its change nearby. Rifai et al. 2011 (ECML), CAE+H.

    Equation: min E[-log p(x | g(f(x))) + lambda ||J_f(x)||_F^2
    + gamma E_eps ||J_f(x) - J_f(x + eps)||_F^2], eps ~ N(0, sigma^2 I). For small sigma the last
    expectation is sigma^2 ||H_f(x)||_F^2, the Hessian's norm without a Hessian.

    Args:
      samples: draws of eps per example and step, static.
      Others and errors: as in `contractive`; `w_jacobian_change_sq` (gamma) and `sigma` are swept.
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
        name="contractive_higher",
        paper="Rifai 2011 (ECML)",
        equation="min E[-log p(x | g(f(x))) + lambda ||J(x)||^2 + gamma E ||J(x) - J(x + eps)||^2]",
        shape=shape,
        nets=nets,
        space=space,
        likelihood=p_x,
        terms={
            "jacobian_sq": (jacobian_term(nets), 0.1, "lambda"),
            "jacobian_change_sq": (higher_order_term(nets, n_samples=samples), 10.0, "gamma"),
        },
        hparams=(SIGMA,),
    )
