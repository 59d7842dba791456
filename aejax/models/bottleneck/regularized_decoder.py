"""The regularised autoencoder: a smooth decoder and a bounded code instead of noise."""

from __future__ import annotations

from aejax.compose import compose
from aejax.latents.ex_post import ex_post_gaussian
from aejax.latents.gaussian import standard_log_density
from aejax.losses import decoder_jacobian_term
from aejax.losses.weights import l2_term
from aejax.models.builder import builder
from aejax.models.parts import Features, example_shape, make_likelihood, make_nets
from aejax.types import Autoencoder


@builder
def regularized_decoder(
    features: Features,
    latent: int = 16,
    widths: tuple[int, ...] = (256,),
    activation: str = "relu",
    likelihood: str = "gaussian",
    method: str = "auto",
    probes: int = 1,
    init: str = "glorot_uniform",
    net: str = "dense",
) -> Autoencoder:
    """A deterministic autoencoder that can be sampled from. Ghosh et al. 2020 (RAE), section 3.

    Equation: min E[-log p(x | g(z)) + beta ||z||^2 / 2 + lambda ||J_g(z)||_F^2 + mu ||W_g||_F^2/2],
    z = f(x): RAE-GP with mu = 0 (the default), RAE-L2 with lambda = 0. Codes are sampled from a
    Gaussian fitted to the codes of training, the paper's ex-post density (one component).

    Args:
      method, probes: how ||J_g(z)||_F^2 is computed, as in `contractive`; J_g is that of the
        decoder's output (logits, for Bernoulli pixels).
      Others and errors: as in `undercomplete`.
    """
    shape = example_shape(features)
    space, p_x = ex_post_gaussian(latent), make_likelihood(likelihood)
    nets = make_nets(shape, space, p_x, net, 0, widths, activation, init=init)
    return compose(
        name="regularized_decoder",
        paper="Ghosh 2020",
        equation="min E[-log p(x | g(z)) + beta ||z||^2/2 + lambda ||J_g||_F^2 + mu ||W_g||_F^2/2]",
        shape=shape,
        nets=nets,
        space=space,
        likelihood=p_x,
        terms={
            "code_nats": (
                lambda forward, hp: -standard_log_density(forward.latent.z),
                0.01,
                "beta",
            ),
            "decoder_jacobian_sq": (
                decoder_jacobian_term(nets, method=method, probes=probes),
                0.01,
                "lambda",
            ),
            "decoder_l2": (l2_term("decoder"), 0.0, "mu"),
        },
    )
