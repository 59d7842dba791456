"""The VAE with warm-up: the divergence comes in by and by."""

from __future__ import annotations

from aejax.compose import compose
from aejax.latents.gaussian import gaussian
from aejax.losses import gaussian_kl_term
from aejax.losses.shaped_kl import WARMUP, warmup_term
from aejax.models.builder import builder
from aejax.models.parts import ConditionArg, Features, example_shape, make_likelihood, make_nets
from aejax.objectives import surrogate
from aejax.types import Autoencoder


@builder
def warmup_vae(
    features: Features,
    latent: int = 32,
    widths: tuple[int, ...] = (256,),
    activation: str = "relu",
    likelihood: str = "bernoulli",
    init: str = "glorot_uniform",
    net: str = "dense",
    condition: ConditionArg = 0,
) -> Autoencoder:
    """A VAE that starts as a deterministic autoencoder. Bowman et al. 2016; Sonderby et al. 2016.

    Equation: max E_q[log p(x|z)] - beta(t) KL(q(z|x) || N(0, I)), beta(t) = min(1, t / T).

    Args and errors: as in `undercomplete`; `warmup_steps` (T) and `w_kl_nats`, which multiplies
    beta(t), are swept. After T steps it is `vae`.
    """
    shape = example_shape(features)
    space, p_x, kl = gaussian(latent), make_likelihood(likelihood), gaussian_kl_term()
    return compose(
        name="warmup_vae",
        paper="Bowman 2016; Sonderby 2016",
        equation="max E_q[log p(x|z)] - beta(t) KL(q(z|x) || N(0, I)), beta(t) = min(1, t / T)",
        shape=shape,
        nets=make_nets(shape, space, p_x, net, condition, widths, activation, init=init),
        space=space,
        likelihood=p_x,
        terms={"kl_nats": (kl, 1.0)},
        objective=surrogate({"kl_nats": warmup_term(kl)}),
        hparams=WARMUP,
        bound=("rec_nats", "kl_nats"),
    )
