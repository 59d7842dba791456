"""Importance-weighted autoencoders: a tighter bound from k samples, with either gradient."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aejax.compose import compose
from aejax.latents import gaussian
from aejax.losses.monte_carlo import mc_kl_term
from aejax.models.parts import Features, dense_nets, example_shape, make_likelihood
from aejax.objectives import Objective, doubly_reparameterised, importance_weighted
from aejax.types import Autoencoder

EQUATION = "max E log 1/k sum_i p(x, z_i) / q(z_i | x), z_i ~ q(z | x)"


def iwae(
    features: Features,
    latent: int = 32,
    widths: tuple[int, ...] = (256,),
    activation: str = "relu",
    likelihood: str = "bernoulli",
    samples: int = 5,
    init: str = "glorot_uniform",
) -> Autoencoder:
    """A VAE on the importance-weighted bound L_k. Burda, Grosse & Salakhutdinov 2015, eq. 8.

    Equation: max E log 1/k sum_i p(x, z_i) / q(z_i | x), z_i ~ q(z | x); k = 1 is the VAE's bound
    with the divergence by sampling. The loss is -L_k; the terms are means over the k samples, whose
    sum is the looser bound of one sample.

    Args:
      samples: k, static (it is a shape): each value compiles.
      Others and errors: as in `undercomplete`; samples below 1.
    """
    nets = {"widths": widths, "activation": activation, "init": init}
    objective = importance_weighted(samples)
    return _build("iwae", "Burda 2015", objective, features, latent, likelihood, nets)


def iwae_dreg(
    features: Features,
    latent: int = 32,
    widths: tuple[int, ...] = (256,),
    activation: str = "relu",
    likelihood: str = "bernoulli",
    samples: int = 5,
    init: str = "glorot_uniform",
) -> Autoencoder:
    """`iwae` with the doubly reparameterised gradient for the encoder. Tucker et al. 2019.

    Equation: grad_phi L_k = E[sum_i v_i^2 (d log w_i / d z_i) (d z_i / d phi)], with v_i =
    w_i / sum_j w_j: the mean of the bound's own gradient, with less variance.

    Args and errors: as in `iwae`. Weights of the terms other than 1 bias the gradient.
    """
    nets = {"widths": widths, "activation": activation, "init": init}
    objective = doubly_reparameterised(samples)
    return _build("iwae_dreg", "Tucker 2019", objective, features, latent, likelihood, nets)


def _build(
    name: str,
    paper: str,
    objective: Objective,
    features: Features,
    latent: int,
    likelihood: str,
    nets: Mapping[str, Any],
) -> Autoencoder:
    shape = example_shape(features)
    space, p_x = gaussian(latent), make_likelihood(likelihood)
    return compose(
        name=name,
        paper=paper,
        equation=EQUATION,
        shape=shape,
        nets=dense_nets(shape, space, p_x, **nets),
        space=space,
        likelihood=p_x,
        terms={"kl_nats": (mc_kl_term(space), 1.0)},
        objective=objective,
        bound=("rec_nats", "kl_nats"),
    )
