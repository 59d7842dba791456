"""A VAE with categorical codes, by the Gumbel-softmax relaxation."""

from __future__ import annotations

from aejax.compose import compose
from aejax.latents.quantised import gumbel_softmax
from aejax.losses.quantised import categorical_kl_term
from aejax.models.builder import builder
from aejax.models.parts import ConditionArg, Features, example_shape, make_likelihood, make_nets
from aejax.types import Autoencoder


@builder
def gumbel_vae(
    features: Features,
    groups: int = 16,
    codes: int = 10,
    hard: bool = False,
    widths: tuple[int, ...] = (256,),
    activation: str = "relu",
    likelihood: str = "bernoulli",
    init: str = "glorot_uniform",
    net: str = "dense",
    condition: ConditionArg = 0,
) -> Autoencoder:
    """Categorical posteriors under a uniform prior. Jang, Gu & Poole 2017; Maddison et al. 2017.

    Equation: max E[log p(x | softmax((log pi(x) + g) / tau))] - sum_g KL(pi_g(x) || uniform), g of
    Gumbel(0, 1), tau(t) = max(tau_min, tau_0 e^(-r t)), eq. 2 and section 4.2.

    Args:
      groups: G; the code has G K numbers.
      codes: K, choices of a group.
      hard: the decoder gets one-hot samples with the relaxed ones' gradient; only then is the sum
        of the terms a bound of log p(x).
      Others and errors: as in `undercomplete`; groups below 1, codes below 2. `temperature`,
        `temperature_min` and `temperature_rate` are swept, and `w_kl_nats`.
    """
    shape, p_x = example_shape(features), make_likelihood(likelihood)
    space = gumbel_softmax(groups, codes, hard)
    return compose(
        name="gumbel_vae",
        paper="Jang 2017",
        equation="max E[log p(x|softmax((log pi(x) + g) / tau))] - sum_g KL(pi_g(x) || uniform)",
        shape=shape,
        nets=make_nets(shape, space, p_x, net, condition, widths, activation, init=init),
        space=space,
        likelihood=p_x,
        terms={"kl_nats": (categorical_kl_term(), 1.0)},
        bound=("rec_nats", "kl_nats") if hard else (),
    )
