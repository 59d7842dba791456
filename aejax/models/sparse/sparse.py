"""Sparse autoencoders: an L1 penalty on the code, or the KL of its mean activation.

Long because: two models that are read side by side.
"""

from __future__ import annotations

from aejax.compose import compose
from aejax.latents.deterministic import deterministic
from aejax.losses.sparsity import RHO, kl_sparsity_term, l1_term
from aejax.losses.weights import l2_term
from aejax.models.builder import builder
from aejax.models.parts import ConditionArg, Features, example_shape, make_likelihood, make_nets
from aejax.types import Autoencoder


@builder
def sparse_l1(
    features: Features,
    latent: int = 64,
    widths: tuple[int, ...] = (256,),
    activation: str = "relu",
    likelihood: str = "gaussian",
    code_activation: str = "relu",
    tied: bool = False,
    init: str = "glorot_uniform",
    net: str = "dense",
    condition: ConditionArg = 0,
) -> Autoencoder:
    """An autoencoder with w_l1 * ||f(x)||_1 added. Olshausen & Field 1996; Lee 2007 for the
    penalty.

    Equation: min E[-log p(x | g(h)) + lambda sum_j |h_j|], h = f(x).

    Args and errors: as in `undercomplete`; `w_l1` (lambda) is swept without recompiling.
    """
    shape = example_shape(features)
    space, p_x = deterministic(latent), make_likelihood(likelihood)
    return compose(
        name="sparse_l1",
        paper="Olshausen & Field 1996",
        equation="min E[-log p(x | g(h)) + lambda ||h||_1]",
        shape=shape,
        nets=make_nets(
            shape,
            space,
            p_x,
            net,
            condition,
            widths,
            activation,
            code_activation=code_activation,
            tied=tied,
            init=init,
        ),
        space=space,
        likelihood=p_x,
        terms={"l1": (l1_term(), 0.01, "lambda")},
    )


@builder
def sparse_kl(
    features: Features,
    latent: int = 64,
    widths: tuple[int, ...] = (),
    activation: str = "sigmoid",
    likelihood: str = "gaussian",
    tied: bool = False,
    init: str = "glorot_uniform",
    out_activation: str = "identity",
    decay: bool = False,
    net: str = "dense",
    condition: ConditionArg = 0,
) -> Autoencoder:
    """A sigmoid code whose mean activation is drawn to rho. Ng, CS294A lecture notes 2011.

    Equation: min E[-log p(x | g(h))] + beta sum_j KL(rho || mean_batch h_j).

    Args:
      out_activation: of the decoder's output; the notes' exercise has "sigmoid".
      decay: add lambda ||W||^2 / 2 over all kernels, with weight `w_l2` (lambda); the exercise has.
      Others, and errors: as in `undercomplete`; `rho` and `w_kl_rho_nats` (beta) are swept.
    """
    shape = example_shape(features)
    space, p_x = deterministic(latent), make_likelihood(likelihood)
    weights = {"l2": (l2_term("encoder", "decoder"), 1e-4, "lambda")} if decay else {}
    return compose(
        name="sparse_kl",
        paper="Ng 2011 (CS294A)",
        equation="min E[-log p(x | g(h))] + beta sum_j KL(rho || mean h_j)",
        shape=shape,
        nets=make_nets(
            shape,
            space,
            p_x,
            net,
            condition,
            widths,
            activation,
            code_activation="sigmoid",
            out_activation=out_activation,
            init=init,
            tied=tied,
        ),
        space=space,
        likelihood=p_x,
        terms={"kl_rho_nats": (kl_sparsity_term(), 0.1, "beta"), **weights},
        hparams=(RHO,),
    )
